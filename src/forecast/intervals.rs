//! Intervals: the quantiles of the error of one lead, learnt online. The size of errors is learnt as a product of their usual
//! size, a factor for the hour, and a factor for the present.

use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, HOURS};
use super::numbers::{number, place};
use super::precision::Number;

/// The quantiles that are learnt: the bounds of the intervals of 95 % and 80 %.
const LEVELS: [f64; 4] = [0.025, 0.1, 0.9, 0.975];
/// The quantiles at the beginning, in units of the usual error: those of a Laplace distribution, ln 0.05 and ln 0.2.
const PRIOR: [f64; 4] =
    [-2.995_732_273_553_991, -1.609_437_912_434_100_3, 1.609_437_912_434_100_3, 2.995_732_273_553_991];
/// From this number of errors on, their distribution is learnt beside their size.
const SEASONED: u32 = 5;
/// The usual size of an error is at least this, once one is known.
const LEAST_SIZE: f64 = 1e-4;
/// Beyond these scales, the factors of hours are multiplied: rounding errors of the scale would add up.
const LEAST_SCALE: f64 = 0.9;
const MOST_SCALE: f64 = 1.1;
/// A factor or size grows by no error that is more than this many times as large as it.
const MOST: f64 = 5.0;

/// The errors of one lead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Intervals<N> {
    count: u32,
    /// The usual size of an error.
    size: N,
    /// How many times larger than usual errors are at present.
    present: N,
    /// How many times larger than usual errors are at each hour, and how many have been seen.
    hours: [N; HOURS],
    seen: [u8; HOURS],
    /// What all factors of hours are multiplied by, so that their mean is 1.
    scale: N,
    quantiles: [N; 4],
    /// A ring of the forecasts for targets that are not known yet, by the step of the newest sample.
    made: Vec<Option<Made<N>>>,
}

/// A forecast that was made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Made<N> {
    forecast: N,
    /// The expected size of the error; NaN before an error was known. There are many: an option would be twice as large.
    size: N,
    /// True where the newest sample was observed.
    is_from_observed: bool,
}

impl<N: Number> Intervals<N> {
    /// Errors of a lead: 0 forecasts the next step.
    pub(super) fn new(lead: usize) -> Self {
        Self {
            count: 0,
            size: N::default(),
            present: N::keep(1.0),
            hours: [N::keep(1.0); HOURS],
            seen: [0; HOURS],
            scale: N::keep(1.0),
            quantiles: PRIOR.map(N::keep),
            made: vec![None; lead + 1],
        }
    }

    /// True where these are the errors of a lead.
    pub(super) fn is_of(&self, lead: usize) -> bool {
        self.made.len() == lead + 1
    }

    /// The forecast that was made for a step.
    pub(super) fn made_for(&self, step: i64) -> Option<f64> {
        let made = self.made.get(place(step, self.made.len())).copied().flatten();
        made.map(|made| made.forecast.exact())
    }

    /// Keeps the forecast that was made for a target.
    pub(super) fn keep(&mut self, target: i64, forecast: f64, is_from_observed: bool, calendar: Calendar) {
        let size = N::keep(if self.count > 0 { self.expected_size(target, calendar) } else { f64::NAN });
        let at = place(target, self.made.len());
        if let Some(made) = self.made.get_mut(at) {
            *made = Some(Made { forecast: N::keep(forecast), size, is_from_observed });
        }
    }

    /// Learns from the observed value of a step.
    pub(super) fn learn(&mut self, step: i64, value: f64, calendar: Calendar) {
        let made = self.made.get(place(step, self.made.len())).copied().flatten();
        let Some(made) = made.filter(|made| made.is_from_observed) else { return };
        let error = value - made.forecast.exact();
        self.count = self.count.saturating_add(1);
        let size = made.size.exact();
        if self.count > SEASONED && !size.is_nan() {
            self.learn_quantiles(error / size);
        }
        let hour = calendar.hour(step);
        let factor = self.factor(hour);
        let (known, present) = (self.size.exact(), self.present.exact());
        let without_factors =
            if self.count > SEASONED { (error.abs() / (factor * present)).min(MOST * known) } else { error.abs() };
        let size = (known + (1.0 / f64::from(self.count)).max(0.005) * (without_factors - known)).max(LEAST_SIZE);
        self.size = N::keep(size);
        let factor = self.learn_hour(hour, error.abs() / size, calendar);
        let ratio = (error.abs() / (size * factor)).min(MOST);
        self.present = N::keep(present + 0.05 * (ratio - present));
    }

    /// Moves each quantile towards its level (stochastic approximation).
    fn learn_quantiles(&mut self, ratio: f64) {
        for (quantile, level) in self.quantiles.iter_mut().zip(LEVELS) {
            let known = quantile.exact();
            let is_below = if ratio <= known { 1.0 } else { 0.0 };
            *quantile = N::keep(known + 0.02 * (level - is_below) * known.abs().max(0.5));
        }
    }

    /// How many times larger than usual errors are at an hour.
    fn factor(&self, hour: usize) -> f64 {
        self.hours.get(hour).map_or(1.0, |factor| factor.exact() * self.scale.exact())
    }

    /// Learns the factor of an hour, and keeps the mean of all factors at 1. Returns the factor.
    fn learn_hour(&mut self, hour: usize, ratio: f64, calendar: Calendar) -> f64 {
        let known = self.factor(hour);
        let scale = self.scale.exact();
        let (Some(factor), Some(seen)) = (self.hours.get_mut(hour), self.seen.get_mut(hour)) else { return 1.0 };
        *seen = seen.saturating_add(1);
        let gain = 1.0 / (f64::from(*seen) + number(calendar.slots()) / number(HOURS));
        let learnt = known + gain.max(0.02) * (ratio.min(MOST) - known);
        *factor = N::keep(learnt / scale);
        let hours = number(calendar.hours());
        self.scale = N::keep(scale * hours / (hours + learnt - known));
        if !(LEAST_SCALE..=MOST_SCALE).contains(&self.scale.exact()) {
            self.renew_scale(calendar);
        }
        self.factor(hour)
    }

    /// Multiplies each factor, so that the scale is 1 and the mean of all factors too.
    fn renew_scale(&mut self, calendar: Calendar) {
        let hours = self.hours.iter().take(calendar.hours());
        let by_mean = number(calendar.hours()) / hours.map(|factor| factor.exact()).sum::<f64>();
        for factor in &mut self.hours {
            *factor = N::keep(factor.exact() * by_mean);
        }
        self.scale = N::keep(1.0);
    }

    /// The expected size of the error for a target.
    fn expected_size(&self, target: i64, calendar: Calendar) -> f64 {
        let factor = self.factor(calendar.hour(target));
        self.size.exact().max(LEAST_SIZE) * factor.max(0.1) * self.present.exact().max(0.2)
    }

    /// The quantiles for a target, in order: 2.5, 10, 90 and 97.5 %. `None` before an error is known.
    pub(super) fn quantiles(&self, target: i64, calendar: Calendar) -> Option<[f64; 4]> {
        if self.count == 0 {
            return None;
        }
        let (forecast, size) = (self.made_for(target)?, self.expected_size(target, calendar));
        let mut quantiles = self.quantiles.map(|quantile| forecast + size * quantile.exact());
        quantiles.sort_unstable_by(f64::total_cmp);
        Some(quantiles)
    }
}
