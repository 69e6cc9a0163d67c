//! The forecaster of one series of values that are not negative.

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::model::{Model, Prediction};
use super::numbers::{number, steps};
use super::outcome::{Forecast, Forecasts, Intervals};
use super::precision::{Compact, Precision};
use super::similar_days::DAYS;

/// The forecaster of one series, such as the CPU that a PE uses. Values are not negative, and one comes at each step of the
/// [`Calendar`].
///
/// ```
/// use outrigger::forecast::{Calendar, Exact, Forecaster};
///
/// let mut forecaster: Forecaster<Exact> = Forecaster::new(Calendar::of_seasons(4), 2);
/// for step in 0..40 {
///     forecaster.observe(step, Some(if step % 4 == 3 { 8.0 } else { 2.0 }));
/// }
/// let next: Vec<f64> = forecaster.forecasts().iter().map(|forecast| forecast.median.round()).collect();
/// assert_eq!(next, [2.0, 2.0]);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Forecaster<P: Precision = Compact> {
    calendar: Calendar,
    leads: usize,
    state: State<P>,
}

/// A value counts by its logarithm where it is large beside this part of the mean of the first hour, and as itself where it
/// is small.
const USUAL: f64 = 0.5;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
enum State<P: Precision> {
    /// Nothing was observed.
    Empty,
    /// The samples of the first hour, which tell the usual value.
    FirstHour { first: i64, samples: Vec<Option<f64>> },
    /// The model of the logarithms.
    Learning { usual: f64, model: Box<Model<P>> },
}

impl<P: Precision> Forecaster<P> {
    /// A forecaster of so many steps ahead, at least one, that has seen nothing.
    #[must_use]
    pub fn new(calendar: Calendar, leads: usize) -> Self {
        Self { calendar, leads: leads.max(1), state: State::Empty }
    }

    /// Learns the value at a step; `None`, and a value that is negative or no number, is a missing one. The steps between the
    /// last one and this one are missing too. A step that is not later than the last one is ignored: returns false.
    pub fn observe(&mut self, step: i64, value: Option<f64>) -> bool {
        let value = value.filter(|value| value.is_finite() && *value >= 0.0);
        if let Some(next) = self.next_step() {
            if step < next {
                return false;
            }
            if step - next > steps(DAYS * self.calendar.slots()) {
                // Nothing of the history would be left.
                self.state = State::Empty;
            } else {
                for _ in next..step {
                    self.push(None);
                }
            }
        }
        if matches!(self.state, State::Empty) {
            if value.is_none() {
                return true;
            }
            self.state = State::FirstHour { first: step, samples: Vec::new() };
        }
        self.push(value);
        true
    }

    fn next_step(&self) -> Option<i64> {
        match &self.state {
            State::Empty => None,
            State::FirstHour { first, samples } => Some(first + steps(samples.len())),
            State::Learning { model, .. } => Some(model.next_step()),
        }
    }

    fn push(&mut self, value: Option<f64>) {
        match &mut self.state {
            State::Empty => {}
            State::Learning { usual, model } => model.observe(value.map(|value| (value / *usual).ln_1p())),
            State::FirstHour { first, samples } => {
                samples.push(value);
                if samples.len() < self.calendar.slots_of_an_hour().unwrap_or(1) {
                    return;
                }
                let known: Vec<f64> = samples.iter().copied().flatten().collect();
                let usual = USUAL * known.iter().sum::<f64>() / number(known.len().max(1));
                if usual > 0.0 {
                    let mut model = Model::new(self.calendar, self.leads, *first);
                    for value in samples.iter() {
                        model.observe(value.map(|value| (value / usual).ln_1p()));
                    }
                    self.state = State::Learning { usual, model: Box::new(model) };
                } else {
                    // Zeros tell no usual value.
                    samples.remove(0);
                    *first += 1;
                }
            }
        }
    }

    /// True where the state can be that of a forecaster of this calendar and so many leads, near the step `last`. What was
    /// read from a damaged file may be anything.
    pub(super) fn is_state_of(&self, calendar: Calendar, leads: usize, last: i64) -> bool {
        let is_valid = match &self.state {
            State::Empty => true,
            State::FirstHour { first, samples } => {
                first.abs_diff(last) < 1 << 40 && samples.len() <= self.calendar.slots_of_an_hour().unwrap_or(1)
            }
            State::Learning { usual, model } => *usual > 0.0 && model.is_state_of(calendar, leads, last),
        };
        is_valid && self.calendar == calendar && self.leads == leads
    }

    /// What is forecast for the steps after the last one; nothing where nothing was observed.
    #[must_use]
    pub fn forecasts(&self) -> Vec<Forecast> {
        match &self.state {
            State::Empty => Vec::new(),
            State::FirstHour { samples, .. } => {
                let last = samples.iter().rev().find_map(|sample| *sample);
                last.map_or_else(Vec::new, |median| vec![Forecast { median, intervals: None }; self.leads])
            }
            State::Learning { usual, model } => {
                let value = |logarithm: f64| value(logarithm, *usual);
                let forecast = |Prediction { median, quantiles }: Prediction| {
                    let intervals = quantiles.map(|quantiles| {
                        let [lowest, low, high, highest] = quantiles.map(value);
                        Intervals { of_80: (low, high), of_95: (lowest, highest) }
                    });
                    Forecast { median: value(median), intervals }
                };
                model.predictions().map(forecast).collect()
            }
        }
    }
}

/// The value of a logarithm. What is lost beside `exp_m1` is lost of values that are billions of times smaller than usual.
#[expect(clippy::imprecise_flops, reason = "half as dear, and called for each bound of each interval")]
fn value(logarithm: f64, usual: f64) -> f64 {
    ((logarithm.exp() - 1.0) * usual).max(0.0)
}

impl<P: Precision> Forecasts for Forecaster<P> {
    fn observe(&mut self, step: i64, value: f64) {
        self.observe(step, Some(value));
    }

    fn forecasts(&self) -> Vec<Forecast> {
        self.forecasts()
    }
}

#[cfg(test)]
#[path = "tests/forecaster.rs"]
mod tests;
