//! How good forecasts were: what was forecast for a step against what came.

use super::path::UPPER_OF_80;
use super::per_resource::PerResource;
use crate::model::DemandPath;

/// How good the forecasts of one resource were, over all series since the start of the process. Sums only grow, so that a
/// reader can take differences. Steps of the first season of a series do not count: their forecasts are widened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// How many values were compared with a forecast.
    pub values: u64,
    /// How many of them were within the interval of 80 %.
    pub within_80: u64,
    /// How many of them were above the interval of 80 %: a tenth, where forecasts of high use are right.
    pub above_80: u64,
    /// The sum of the values, in millicores or bytes.
    pub value_sum: f64,
    /// The sum of the absolute differences between the values and the means that were forecast.
    pub error_sum: f64,
}

/// The accuracy of all forecasts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DemandAccuracy {
    /// Of the demand of jobs.
    pub jobs: PerResource<Accuracy>,
    /// Of the use of nodes by everything that is no PE.
    pub others: PerResource<Accuracy>,
}

impl Accuracy {
    /// Counts a value, which was forecast as the step `lead` of a path.
    pub(super) fn add(&mut self, path: &DemandPath, lead: usize, value: f64) {
        let Some((mean, deviation)) = path.mean.get(lead).zip(path.deviation.get(lead)) else { return };
        let (mean, width) = (f64::from(*mean), f64::from(*deviation) * UPPER_OF_80);
        self.values += 1;
        self.within_80 += u64::from((value - mean).abs() <= width);
        self.above_80 += u64::from(value > mean + width);
        self.value_sum += value;
        self.error_sum += (value - mean).abs();
    }
}
