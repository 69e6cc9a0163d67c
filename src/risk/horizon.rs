//! Forecasts from the current step on, wider where they are old.

use super::numbers::{STEPS, narrow};
use crate::model::{DemandForecasts, DemandPath};
use jiff::Timestamp;

/// The steps of forecasts that lie ahead at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Horizon {
    /// How many steps of each path count.
    steps: usize,
    /// How many steps have ended since the forecasts were made.
    elapsed: usize,
}

/// Forecasts that are older by more steps get no wider.
const MOST_ELAPSED: usize = 96;
/// The standard deviation that is added for each step beyond the last forecast, as a share of the last expected use.
const UNFORESEEN: f64 = 0.1;
/// No part of a demand is larger: bytes, or millicores.
const LARGEST: f32 = 16_777_216.0 * 16_777_216.0;

impl Horizon {
    /// The horizon at `now`; `None` where the forecasts have no step.
    pub(super) fn new(forecasts: &DemandForecasts, now: Timestamp) -> Option<Self> {
        let steps = forecasts.steps.min(STEPS);
        let length = forecasts.step.as_millis();
        if steps == 0 || length <= 0 {
            return None;
        }
        let ended = now.duration_since(forecasts.at).as_millis() / length;
        Some(Self { steps, elapsed: usize::try_from(ended).unwrap_or_default().min(MOST_ELAPSED) })
    }

    /// The number of the last step that has ended when the given step of a path ends, both from 0, since the forecasts were
    /// made. Steps after the last one repeat the last one.
    pub(super) fn ended_at(self, step: usize) -> usize {
        self.elapsed + step.min(self.steps - 1) + 1
    }

    /// A path from the current step on; `None` where the path has a value that is no amount.
    ///
    /// A step beyond the last forecast has the expected use of the last forecast. For each step beyond it, the variance grows
    /// by the last variance and by (m/10)², where m is the last expected use: old forecasts get wider, and never end.
    pub(super) fn path(self, path: &DemandPath) -> Option<DemandPath> {
        let forecast = || path.mean.iter().zip(&path.deviation).take(self.steps);
        let is_amount = |value: &f32| value.is_finite() && (0.0..=LARGEST).contains(value);
        if !forecast().all(|(mean, deviation)| is_amount(mean) && is_amount(deviation)) {
            return None;
        }
        let last = forecast().next_back()?;
        let mut ahead = DemandPath { mean: [*last.0; STEPS], deviation: [*last.1; STEPS] };
        let slots = ahead.mean.iter_mut().zip(&mut ahead.deviation).take(self.steps);
        for (step, (mean, deviation)) in slots.enumerate() {
            let at = self.elapsed + step;
            let beyond = (at + 1).saturating_sub(self.steps);
            let (own_mean, own_deviation) = forecast().nth(at).unwrap_or(last);
            (*mean, *deviation) = (*own_mean, widened(*own_mean, *own_deviation, beyond));
        }
        // Steps that do not count repeat the last one that counts, so that they change no maximum.
        let end = (ahead.mean.get(self.steps - 1).copied()?, ahead.deviation.get(self.steps - 1).copied()?);
        let rest = ahead.mean.iter_mut().zip(&mut ahead.deviation).skip(self.steps);
        rest.for_each(|(mean, deviation)| (*mean, *deviation) = end);
        Some(ahead)
    }
}

/// The standard deviation so many steps beyond the last forecast.
fn widened(mean: f32, deviation: f32, beyond: usize) -> f32 {
    let steps = f64::from(u32::try_from(beyond).unwrap_or(u32::MAX));
    if beyond == 0 {
        return deviation;
    }
    let unforeseen = f64::from(mean) * UNFORESEEN;
    let variance = f64::from(deviation).powi(2).mul_add(1.0 + steps, unforeseen.powi(2) * steps);
    narrow(variance.sqrt())
}

#[cfg(test)]
#[path = "tests/horizon.rs"]
mod tests;
