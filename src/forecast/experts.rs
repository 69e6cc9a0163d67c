//! The experts: each adds a weighted sum of its features to the present value. The weights are learnt for some leads.

use serde::{Deserialize, Serialize};

use super::features::{EXPERTS, Features};
use super::mixture::Mixture;
use super::numbers::{place, steps};
use super::precision::Number;
use super::regression::{Regression, dot};

/// The weights of one lead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    features: Features<f64>,
    mixture: [f64; EXPERTS],
}

/// What the experts forecast, and what their mixture does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Forecasts {
    experts: [f64; EXPERTS],
    pub(super) mixture: f64,
}

impl Weights {
    /// The weights `share` of the way to `other`.
    pub(super) fn towards(&self, other: &Self, share: f64) -> Self {
        fn between<const D: usize>(from: &[f64; D], to: &[f64; D], share: f64) -> [f64; D] {
            let mut between = *from;
            for (value, to) in between.iter_mut().zip(to) {
                *value += share * (to - *value);
            }
            between
        }
        let (from, to) = (&self.features, &other.features);
        Self {
            features: Features {
                season: between(&from.season, &to.season, share),
                days: between(&from.days, &to.days, share),
                change: between(&from.change, &to.change, share),
                levels: between(&from.levels, &to.levels, share),
            },
            mixture: between(&self.mixture, &other.mixture, share),
        }
    }

    /// The forecasts from the present value.
    pub(super) fn forecast(&self, now: f64, features: &Features<f64>) -> Forecasts {
        let experts = [
            now + dot(&self.features.season, &features.season),
            now + dot(&self.features.days, &features.days),
            now + dot(&self.features.change, &features.change),
            now + dot(&self.features.levels, &features.levels),
        ];
        Forecasts { experts, mixture: dot(&self.mixture, &experts) }
    }
}

/// The experts of one lead, and what they forecast for targets that are not known yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "N: Number")]
pub(super) struct TrainedLead<N> {
    lead: usize,
    season: Regression<N, 6>,
    days: Regression<N, 3>,
    change: Regression<N, 1>,
    levels: Regression<N, 6>,
    mixture: Mixture<N, EXPERTS>,
    /// A ring, by the step of the newest sample.
    origins: Vec<Option<Origin<N>>>,
}

/// What was forecast from one observed sample.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(bound = "N: Number")]
struct Origin<N> {
    features: Features<N>,
    experts: [N; EXPERTS],
    mixture: N,
}

impl<N: Number> TrainedLead<N> {
    /// The experts of a lead: 0 forecasts the next step. At the beginning, half of the growth of similar days is expected.
    pub(super) fn new(lead: usize) -> Self {
        let half_of_growth = [0.0, 0.0, 0.0, 0.0, 0.0, 0.5];
        Self {
            lead,
            season: Regression::new(half_of_growth),
            days: Regression::new([0.0, 0.0, 0.5]),
            change: Regression::new([0.0]),
            levels: Regression::new(half_of_growth),
            mixture: Mixture::new(),
            origins: vec![None; lead + 1],
        }
    }

    pub(super) fn lead(&self) -> usize {
        self.lead
    }

    pub(super) fn weights(&self) -> Weights {
        let features = Features {
            season: self.season.weights(),
            days: self.days.weights(),
            change: self.change.weights(),
            levels: self.levels.weights(),
        };
        Weights { features, mixture: self.mixture.weights() }
    }

    /// Learns from the value of a step, where the step was forecast from an observed sample.
    pub(super) fn learn(&mut self, step: i64, value: f64, sample: impl Fn(i64) -> Option<f64>) {
        let origin = self.origins.get(place(step, self.origins.len())).copied().flatten();
        let (Some(origin), Some(before)) = (origin, sample(step - steps(self.lead) - 1)) else { return };
        self.mixture.learn(&origin.experts.map(Number::exact), origin.mixture.exact(), value);
        let features = origin.features.map(Number::exact);
        let target = value - before;
        self.season.learn(&features.season, target, 0.98);
        self.days.learn(&features.days, target, 0.99);
        self.change.learn(&features.change, target, 0.998);
        self.levels.learn(&features.levels, target, 0.99);
    }

    /// Keeps what was forecast from an observed sample.
    pub(super) fn keep(&mut self, step: i64, features: &Features<f64>, forecasts: &Forecasts) {
        let origin = Origin {
            features: features.map(N::keep),
            experts: forecasts.experts.map(N::keep),
            mixture: N::keep(forecasts.mixture),
        };
        self.set_origin(step, Some(origin));
    }

    /// Nothing is learnt from what was forecast from a missing sample.
    pub(super) fn skip(&mut self, step: i64) {
        self.set_origin(step, None);
    }

    fn set_origin(&mut self, step: i64, origin: Option<Origin<N>>) {
        let at = place(step, self.origins.len());
        if let Some(kept) = self.origins.get_mut(at) {
            *kept = origin;
        }
    }
}

#[cfg(test)]
impl Weights {
    pub(super) fn mixture(&self) -> [f64; EXPERTS] {
        self.mixture
    }
}
