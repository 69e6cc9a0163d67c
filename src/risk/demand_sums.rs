//! Sums of the demand of the pods on a node, by job. They are whole numbers: no order of pods changes them.

use super::by_resource::ByResource;
use super::numbers::{STEPS, number};
use super::pod_demand::{JobForecast, OWN_VARIANCE_UNIT, PodAmount, PodDemand, SHARE_UNIT};
use super::prior::UsePrior;
use crate::model::{DemandKey, DemandResource};

/// The sums over the pods of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DemandSums {
    /// The sums of each job with a PE on the node, sorted by job.
    jobs: Vec<JobSums>,
    /// The requests of pods that are no PEs, with their spread.
    others: ByResource<OtherSums>,
}

/// The sums over PEs of one job on one node.
#[derive(Clone, Debug, PartialEq)]
pub struct JobSums {
    job: JobForecast,
    pes: u32,
    amounts: ByResource<AmountSums>,
}

/// The sums over PEs of one job, for one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct AmountSums {
    /// Shares of the demand of the job, in units of 2^-32.
    of_job: u64,
    /// Own variances, in units of 2^-40 of the squared demand of the job.
    own_variance: u64,
    /// Means and spreads of PEs without history.
    mean: u64,
    spread: u64,
    /// The number of these PEs.
    without_history: u32,
}

/// The sums over pods that are no PEs, for one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OtherSums {
    pub(super) mean: u64,
    /// Such pods do not move together: the sum of their variances.
    pub(super) variance: u128,
}

/// What PEs of one job use on a node, by step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct JobUse {
    /// The expected use.
    pub(super) mean: [f64; STEPS],
    /// The standard deviation that the PEs have in common.
    pub(super) deviation: [f64; STEPS],
    /// The variance that each PE has of its own, summed up.
    pub(super) own_variance: [f64; STEPS],
}

impl DemandSums {
    /// Adds a pod.
    pub fn add(&mut self, pod: &PodDemand) {
        let Some(job) = &pod.job else {
            for resource in DemandResource::ALL {
                self.others.get_mut(resource).add(*pod.amounts.get(resource));
            }
            return;
        };
        match self.place(&job.key) {
            Ok(at) => {
                if let Some(sums) = self.jobs.get_mut(at) {
                    sums.add(pod);
                }
            }
            Err(at) => self.jobs.insert(at, JobSums::new(job, pod)),
        }
    }

    /// Takes back that a pod was [added](Self::add).
    pub fn remove(&mut self, pod: &PodDemand) {
        let Some(job) = &pod.job else {
            for resource in DemandResource::ALL {
                self.others.get_mut(resource).remove(*pod.amounts.get(resource));
            }
            return;
        };
        let Ok(at) = self.place(&job.key) else { return };
        let Some(sums) = self.jobs.get_mut(at) else { return };
        sums.remove(pod);
        if sums.pes == 0 {
            self.jobs.remove(at);
        }
    }

    /// The sums of each job with a PE on the node, in the order of the jobs.
    pub(super) fn jobs(&self) -> &[JobSums] {
        &self.jobs
    }

    /// The sums over pods that are no PEs.
    pub(super) fn others(&self) -> &ByResource<OtherSums> {
        &self.others
    }

    /// The sums of one job; `None` where the job has no PE on the node.
    #[must_use]
    pub fn of_job(&self, key: &DemandKey) -> Option<&JobSums> {
        self.jobs.get(self.place(key).ok()?)
    }

    fn place(&self, key: &DemandKey) -> Result<usize, usize> {
        self.jobs.binary_search_by(|known| known.job.key.cmp(key))
    }
}

impl JobSums {
    /// The sums of one PE; `None` for a pod that is no PE.
    #[must_use]
    pub fn of_pe(pod: &PodDemand) -> Option<Self> {
        pod.job.as_ref().map(|job| Self::new(job, pod))
    }

    fn new(job: &JobForecast, pod: &PodDemand) -> Self {
        let mut sums = Self { job: job.clone(), pes: 0, amounts: ByResource::default() };
        sums.add(pod);
        sums
    }

    /// Adds another PE of the job.
    pub fn add(&mut self, pod: &PodDemand) {
        self.pes += 1;
        for resource in DemandResource::ALL {
            self.amounts.get_mut(resource).add(*pod.amounts.get(resource));
        }
    }

    fn remove(&mut self, pod: &PodDemand) {
        self.pes = self.pes.saturating_sub(1);
        for resource in DemandResource::ALL {
            self.amounts.get_mut(resource).remove(*pod.amounts.get(resource));
        }
    }

    /// The job.
    #[must_use]
    pub fn key(&self) -> &DemandKey {
        &self.job.key
    }

    /// How many of the PEs have no history of the resource.
    pub(super) fn without_history(&self, resource: DemandResource) -> u32 {
        self.amounts.get(resource).without_history
    }

    /// What the PEs use of one resource, by step.
    pub(super) fn job_use(&self, resource: DemandResource) -> JobUse {
        let sums = self.amounts.get(resource);
        let (prior_mean, prior_spread) = (number(sums.mean), number(sums.spread));
        let mut job_use =
            JobUse { mean: [prior_mean; STEPS], deviation: [prior_spread; STEPS], own_variance: [0.0; STEPS] };
        let Some(path) = self.job.paths.as_ref().and_then(|paths| paths.get(resource).as_ref()) else { return job_use };
        let share = number(sums.of_job) * SHARE_UNIT;
        let own_variance = number(sums.own_variance) * OWN_VARIANCE_UNIT;
        for (slot, mean) in job_use.mean.iter_mut().zip(&path.mean) {
            *slot += share * f64::from(*mean);
        }
        for (slot, deviation) in job_use.deviation.iter_mut().zip(&path.deviation) {
            *slot += share * f64::from(*deviation);
        }
        for (slot, mean) in job_use.own_variance.iter_mut().zip(&path.mean) {
            *slot = own_variance * f64::from(*mean).powi(2);
        }
        job_use
    }
}

impl AmountSums {
    fn add(&mut self, amount: PodAmount) {
        match amount {
            PodAmount::Share(share) => {
                self.of_job = self.of_job.saturating_add(share.of_job);
                self.own_variance = self.own_variance.saturating_add(share.own_variance);
            }
            PodAmount::Prior(UsePrior { mean, spread }) => {
                self.mean = self.mean.saturating_add(mean);
                self.spread = self.spread.saturating_add(spread);
                self.without_history += 1;
            }
        }
    }

    fn remove(&mut self, amount: PodAmount) {
        match amount {
            PodAmount::Share(share) => {
                self.of_job = self.of_job.saturating_sub(share.of_job);
                self.own_variance = self.own_variance.saturating_sub(share.own_variance);
            }
            PodAmount::Prior(UsePrior { mean, spread }) => {
                self.mean = self.mean.saturating_sub(mean);
                self.spread = self.spread.saturating_sub(spread);
                self.without_history = self.without_history.saturating_sub(1);
            }
        }
    }
}

impl OtherSums {
    /// A pod that is no PE has no share of a job.
    fn add(&mut self, amount: PodAmount) {
        if let PodAmount::Prior(UsePrior { mean, spread }) = amount {
            self.mean = self.mean.saturating_add(mean);
            self.variance = self.variance.saturating_add(u128::from(spread).pow(2));
        }
    }

    fn remove(&mut self, amount: PodAmount) {
        if let PodAmount::Prior(UsePrior { mean, spread }) = amount {
            self.mean = self.mean.saturating_sub(mean);
            self.variance = self.variance.saturating_sub(u128::from(spread).pow(2));
        }
    }
}

#[cfg(test)]
#[path = "tests/demand_sums.rs"]
mod tests;
