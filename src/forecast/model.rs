//! The model of one series of logarithms: SDM, a mixture of experts that read similar days.

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::experts::{TrainedLead, Weights};
use super::features::FeatureState;
use super::history::History;
use super::intervals::Intervals;
use super::numbers::{number, steps};
use super::precision::Precision;
use super::similar_days::DAYS;
use super::spike_guard::SpikeGuard;

/// The model of one series.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Model<P: Precision> {
    calendar: Calendar,
    history: History<P::Sample>,
    features: FeatureState<P::Number>,
    guard: SpikeGuard,
    /// By lead.
    trained: Box<[TrainedLead<P::Number>]>,
    /// One for each lead.
    intervals: Box<[Intervals<P::Number>]>,
}

/// The leads whose weights are learnt, beside the last one. The weights of the leads in between are interpolated.
const TRAINED: [usize; 3] = [0, 3, 11];

/// What is forecast for one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prediction {
    pub(super) median: f64,
    /// The quantiles of 2.5, 10, 90 and 97.5 %; `None` before an error is known.
    pub(super) quantiles: Option<[f64; 4]>,
}

impl<P: Precision> Model<P> {
    /// A model that forecasts so many steps, at least one. Its first sample is that of the step `first`.
    pub(super) fn new(calendar: Calendar, leads: usize, first: i64) -> Self {
        Self {
            calendar,
            // A sample of the oldest day has a neighbour on each side.
            history: History::new(DAYS * calendar.slots() + 2, first),
            features: FeatureState::new(calendar),
            guard: SpikeGuard::default(),
            trained: trained_leads(leads).map(TrainedLead::new).collect(),
            intervals: (0..leads.max(1)).map(Intervals::new).collect(),
        }
    }

    /// True where the state can be that of a model of this calendar and so many leads, near the step `last`.
    pub(super) fn is_state_of(&self, calendar: Calendar, leads: usize, last: i64) -> bool {
        let trained = self.trained.iter().map(TrainedLead::lead);
        self.calendar == calendar
            && self.history.is_state_of(DAYS * calendar.slots() + 2, last)
            && trained.eq(trained_leads(leads))
            && self.intervals.len() == leads
            && self.intervals.iter().enumerate().all(|(lead, intervals)| intervals.is_of(lead))
    }

    /// The step of the next sample.
    pub(super) fn next_step(&self) -> i64 {
        self.history.end()
    }

    /// Learns the next sample; `None` where it is missing: it counts as it was foreseen, and nothing is learnt from it.
    pub(super) fn observe(&mut self, sample: Option<f64>) {
        let step = self.history.end();
        let foreseen = self.intervals.first().and_then(|next| next.made_for(step));
        match (sample, foreseen) {
            (Some(raw), foreseen) => self.learn(step, raw, foreseen),
            (None, Some(foreseen)) => self.history.push(foreseen, false),
            // Nothing is known before the first sample.
            (None, None) => return,
        }
        self.features.learn(&self.history, self.calendar);
        self.forecast(step, sample.is_some());
    }

    fn learn(&mut self, step: i64, raw: f64, foreseen: Option<f64>) {
        for intervals in &mut self.intervals {
            intervals.learn(step, raw, self.calendar);
        }
        let mut value = raw;
        if let Some(foreseen) = foreseen {
            let guarded = self.guard.check(raw, foreseen);
            value = guarded.value;
            if let Some(restored) = guarded.restored {
                self.history.replace_last(restored);
            }
        }
        for trained in &mut self.trained {
            trained.learn(step, value, |step| self.history.get(step));
        }
        self.history.push(value, true);
    }

    /// Forecasts every lead from the sample of a step.
    fn forecast(&mut self, step: i64, is_observed: bool) {
        let Some(now) = self.history.get(step) else { return };
        let features = self.features.features(&self.history, self.calendar, self.intervals.len());
        let weights: Vec<(usize, Weights)> =
            self.trained.iter().map(|trained| (trained.lead(), trained.weights())).collect();
        for (lead, (features, intervals)) in features.iter().zip(&mut self.intervals).enumerate() {
            let Some(weights) = interpolate(&weights, lead) else { continue };
            let forecast = weights.forecast(now, features).mixture;
            let forecast = if forecast.is_finite() { forecast } else { now };
            intervals.keep(step + 1 + steps(lead), forecast, is_observed, self.calendar);
        }
        for (trained, (lead, weights)) in self.trained.iter_mut().zip(&weights) {
            match features.get(*lead).filter(|_| is_observed) {
                Some(features) => trained.keep(step, features, &weights.forecast(now, features)),
                None => trained.skip(step),
            }
        }
    }

    /// What is forecast for the next steps, for each lead; nothing before the first sample.
    pub(super) fn predictions(&self) -> impl Iterator<Item = Prediction> {
        (self.next_step()..).zip(&self.intervals).map_while(|(target, intervals)| {
            let median = intervals.made_for(target)?;
            Some(Prediction { median, quantiles: intervals.quantiles(target, self.calendar) })
        })
    }
}

/// The leads whose weights are learnt, of so many.
fn trained_leads(leads: usize) -> impl Iterator<Item = usize> {
    let last = leads.saturating_sub(1);
    TRAINED.into_iter().filter(move |lead| *lead < last).chain([last])
}

/// The weights of a lead, between those of the trained leads around it.
fn interpolate(trained: &[(usize, Weights)], lead: usize) -> Option<Weights> {
    let after = trained.partition_point(|(known, _)| *known < lead);
    let (to, above) = trained.get(after)?;
    match after.checked_sub(1).and_then(|before| trained.get(before)) {
        Some((from, below)) if *to > lead => Some(below.towards(above, number(lead - from) / number(to - from))),
        _ => Some(*above),
    }
}

#[cfg(test)]
#[path = "tests/model.rs"]
mod tests;
