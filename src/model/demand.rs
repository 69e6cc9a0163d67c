//! What PEs and nodes are expected to use over the horizon: forecasts with their uncertainty (`docs/design.md`, D11, D25).

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::normal::normal_quantile;
use super::{JobId, Namespace, NodeName};

/// The most steps that a demand looks ahead. A policy chooses the length of a step and the number of steps.
pub const MOST_HORIZON_STEPS: usize = 12;

/// The expected use of one resource at each step of the horizon: millicores of CPU, or bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemandPath {
    /// The expected use at each step.
    pub mean: [f32; MOST_HORIZON_STEPS],
    /// The standard deviation of the use at each step.
    pub deviation: [f32; MOST_HORIZON_STEPS],
}

impl DemandPath {
    /// The path of one PE of the job: its part of the job's demand. The uncertainty is that of the job's demand and that of
    /// the PE's own use, which are independent.
    #[must_use]
    pub fn of_pe(&self, share: DemandShare) -> Self {
        let mean = self.mean.map(|mean| mean * share.of_job);
        let mut deviation = self.deviation;
        for (deviation, mean) in deviation.iter_mut().zip(mean) {
            *deviation = (*deviation * share.of_job).hypot(mean * share.own_deviation);
        }
        Self { mean, deviation }
    }

    /// The highest use over the first `steps` steps that is not exceeded at a step with this probability, between 0 and 1,
    /// if the use is normally distributed. Never negative.
    #[must_use]
    pub fn quantile(&self, steps: usize, probability: f64) -> f64 {
        let score = normal_quantile(probability);
        let uses = self.mean.iter().zip(&self.deviation).take(steps);
        uses.fold(0.0, |most, (mean, deviation)| most.max(f64::from(*deviation).mul_add(score, f64::from(*mean))))
    }
}

/// A value for each resource that demand is known of; `None`: no data, which is not zero (`docs/design.md`, law 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfResources<T> {
    /// For CPU.
    pub cpu: Option<T>,
    /// For memory.
    pub memory: Option<T>,
}

impl<T> Default for OfResources<T> {
    fn default() -> Self {
        Self { cpu: None, memory: None }
    }
}

/// The share of one PE in the demand of its job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemandShare {
    /// The PE's part of the demand of the job, from 0 to 1.
    pub of_job: f32,
    /// The standard deviation of the PE's own use around its part, as a fraction of its part: what it does not have in
    /// common with the other PEs of the job.
    pub own_deviation: f32,
    /// The highest use of the PE that was measured in the last one to two weeks of seasons, in the unit of the demand; of
    /// interchangeable PEs, the highest use of any of them.
    pub peak: f32,
}

/// What the demand of a job was learnt from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DemandHistory {
    /// The number of steps that were observed.
    pub observed_steps: u32,
    /// The number of steps without data since the last one that was observed. The deviation grows with it.
    pub missing_steps: u32,
    /// True before a whole season was seen: the deviation is widened, because the course of a season is unknown.
    pub is_cold: bool,
}

/// The job that a demand belongs to. The demand outlives pods, and generations of the job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DemandKey {
    /// The namespace of the job.
    pub namespace: Namespace,
    /// The name of the job.
    pub job: Arc<str>,
}

impl From<&JobId> for DemandKey {
    fn from(job: &JobId) -> Self {
        Self { namespace: job.namespace.clone(), job: Arc::clone(&job.name) }
    }
}

/// The demand of all PEs of one job together, and how the PEs share the demand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobDemand {
    /// The demand of all PEs of the job together.
    pub total: OfResources<DemandPath>,
    /// The shares of PEs that were observed by name.
    pub shares: HashMap<Arc<str>, OfResources<DemandShare>, ahash::RandomState>,
    /// The share of a PE that is interchangeable with others, such as a task manager of Flink: the PE's name does not
    /// outlive its pod.
    pub interchangeable: OfResources<DemandShare>,
    /// What the total was learnt from.
    pub history: OfResources<DemandHistory>,
}

/// All forecasts of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DemandForecasts {
    /// The time of the newest observation, also where nothing could be measured: the first step ends one step later.
    pub at: Timestamp,
    /// The length of a step.
    pub step: SignedDuration,
    /// How many steps of each path count, at most [`MOST_HORIZON_STEPS`].
    pub steps: usize,
    /// The demand by job.
    pub jobs: HashMap<DemandKey, Arc<JobDemand>, ahash::RandomState>,
    /// The use of each node by everything that is no PE.
    pub others: HashMap<NodeName, OfResources<DemandPath>, ahash::RandomState>,
}

#[cfg(test)]
#[path = "tests/demand.rs"]
mod tests;
