//! The part of one PE in the demand of its job for one resource.

use serde::{Deserialize, Serialize};

use super::path::rounded;
use crate::forecast::numbers::number;
use crate::model::DemandShare;

/// The part of one PE, or of each of several that are interchangeable.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    /// The usual fraction of the job's use; NaN before the PE was measured.
    weight: f32,
    /// The usual square of the relative deviation from the fraction.
    variance: f32,
    /// The number of steps that were learnt.
    count: u16,
    /// The highest use in this window, and in the one before.
    peak: f32,
    peak_before: f32,
}

/// How much of a weight a step replaces: of a change, half is learnt in 14 steps.
const WEIGHT_GAIN: f64 = 0.05;
/// How much of a variance a step replaces.
const VARIANCE_GAIN: f64 = 0.02;
/// The relative variance before one is learnt: a deviation of half of the part.
const UNKNOWN_VARIANCE: f32 = 0.25;
/// A step counts as no more than this relative deviation.
const MOST_DEVIATION: f64 = 5.0;

impl Default for Part {
    fn default() -> Self {
        Self { weight: f32::NAN, variance: UNKNOWN_VARIANCE, count: 0, peak: 0.0, peak_before: 0.0 }
    }
}

impl Part {
    /// The usual fraction of the job's use; `None` before the PE was measured.
    pub(super) fn weight(&self) -> Option<f64> {
        (!self.weight.is_nan()).then(|| f64::from(self.weight))
    }

    /// The PEs of the job have changed: a PE with this part had this fraction of the present ones.
    pub(super) fn scale(&mut self, fraction: f64) {
        if self.count > 0 {
            self.weight = rounded(fraction);
        }
    }

    /// Learns what the PEs with this part used, at least one, of the total of the job. `fraction` of the total was expected of
    /// each.
    pub(super) fn learn(&mut self, uses: &[f64], fraction: f64, total: f64) {
        let highest = uses.iter().copied().fold(0.0, f64::max);
        self.peak = self.peak.max(rounded(highest));
        if uses.is_empty() || total <= 0.0 || fraction <= 0.0 {
            return;
        }
        let pes = number(uses.len());
        if self.count > 0 {
            let square = |used: &f64| (used / total / fraction - 1.0).clamp(-MOST_DEVIATION, MOST_DEVIATION).powi(2);
            let squares = uses.iter().map(square).sum::<f64>() / pes;
            let gain = (1.0 / (f64::from(self.count) + 2.0)).max(VARIANCE_GAIN);
            let variance = f64::from(self.variance);
            self.variance = rounded(variance + gain * (squares - variance));
        }
        self.count = self.count.saturating_add(1);
        let gain = (1.0 / f64::from(self.count)).max(WEIGHT_GAIN);
        let observed = uses.iter().sum::<f64>() / total / pes;
        self.weight = rounded(fraction + gain * (observed - fraction));
    }

    /// Begins the next window of peaks.
    pub(super) fn begin_window(&mut self) {
        self.peak_before = std::mem::take(&mut self.peak);
    }

    /// The share of a PE; `None` before the PE was measured.
    pub(super) fn share(&self) -> Option<DemandShare> {
        (!self.weight.is_nan()).then(|| DemandShare {
            of_job: self.weight.clamp(0.0, 1.0),
            own_deviation: self.variance.sqrt(),
            peak: self.peak.max(self.peak_before),
        })
    }
}
