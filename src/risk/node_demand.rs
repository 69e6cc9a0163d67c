//! The demand on one node by step.

use super::basis::RiskBasis;
use super::by_resource::ByResource;
use super::demand_sums::{DemandSums, JobSums, JobUse};
use super::numbers::{STEPS, narrow, narrow_square, number, wide_number};
use crate::model::{DemandKey, DemandPath, DemandResource, Node};

/// The demand on one node by step: as much as a ranking of thousands of nodes reads of each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NodeDemand {
    /// The curves of the node's class in the basis.
    pub(super) class: u16,
    /// One bit for each job with a PE on the node, by [`job_bit`]. Several jobs may have one bit.
    pub(super) jobs: u64,
    pub(super) resources: ByResource<ResourceDemand>,
}

/// The demand on one node for one resource, in millicores or bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ResourceDemand {
    /// The allocatable amount.
    pub(super) capacity: f32,
    /// The largest expected use of any step.
    pub(super) peak_mean: f32,
    /// The largest standard deviation of any step.
    pub(super) peak_deviation: f32,
    /// The expected use at each step.
    pub(super) mean: [f32; STEPS],
    /// The variance of the use at each step.
    pub(super) variance: [f32; STEPS],
}

/// The step with the highest probability of an overload, for one resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorstStep {
    /// The step, from 0.
    pub step: usize,
    /// How far the allocatable amount is above the expected use, in standard deviations.
    pub distance: f64,
    /// The expected use.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
}

/// The standard deviation of the use by system processes, as a share of the node, where the node's own use is not known.
const UNKNOWN_SYSTEM: f64 = 0.05;
/// No use is known better than this share of the node.
const LEAST_DEVIATION: f64 = 1e-4;

/// The bit of a job.
pub(super) fn job_bit(key: &DemandKey) -> u64 {
    // FNV-1a: the bit only has to be the same within the process, and few jobs of a node should share it.
    let bytes = key.namespace.as_str().bytes().chain([0]).chain(key.job.bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    1 << (hash >> 58)
}

impl NodeDemand {
    /// The demand on a node with these pods.
    #[must_use]
    pub fn new(sums: Option<&DemandSums>, node: &Node, basis: &RiskBasis) -> Self {
        let capacity = ByResource { cpu: node.allocatable.cpu.0, memory: node.allocatable.memory.0 };
        let others = basis.others(&node.name);
        Self {
            class: basis.class_of(node),
            jobs: sums.map_or(&[][..], DemandSums::jobs).iter().fold(0, |bits, job| bits | job_bit(job.key())),
            resources: ByResource::from_fn(|resource| {
                let path = others.and_then(|others| others.get(resource).as_ref());
                ResourceDemand::new(number(*capacity.get(resource)), path, sums, resource)
            }),
        }
    }

    /// True where a job may have a PE on the node.
    #[inline]
    pub(super) fn may_have(&self, job_bit: u64) -> bool {
        self.jobs & job_bit != 0
    }
}

impl ResourceDemand {
    fn new(capacity: f64, others: Option<&DemandPath>, sums: Option<&DemandSums>, resource: DemandResource) -> Self {
        let by_requests = || {
            let (mean, variance) = sums.map_or((0.0, 0.0), |sums| {
                let sums = sums.others().get(resource);
                (number(sums.mean), wide_number(sums.variance))
            });
            let system = capacity * UNKNOWN_SYSTEM;
            ([mean; STEPS], [system.mul_add(system, variance); STEPS])
        };
        let of_path = |path: &DemandPath| (path.mean.map(f64::from), path.deviation.map(|one| f64::from(one).powi(2)));
        let (mut mean, mut variance) = others.map_or_else(by_requests, of_path);
        let least = (capacity.max(1.0) * LEAST_DEVIATION).powi(2);
        for variance in &mut variance {
            *variance += least;
        }
        for job in sums.map_or(&[][..], DemandSums::jobs) {
            add(&mut mean, &mut variance, job, resource);
        }
        let largest = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        Self {
            capacity: narrow(capacity),
            peak_mean: narrow(largest(&mean)),
            peak_deviation: narrow(largest(&variance).sqrt()),
            mean: mean.map(narrow),
            variance: variance.map(narrow_square),
        }
    }
}

/// Adds the use by PEs of one job: the common deviation of the job counts once for all of its PEs.
fn add(mean: &mut [f64; STEPS], variance: &mut [f64; STEPS], job: &JobSums, resource: DemandResource) {
    let JobUse { mean: of_job, deviation, own_variance } = job.job_use(resource);
    mean.iter_mut().zip(of_job).for_each(|(mean, of_job)| *mean += of_job);
    for (variance, (deviation, own_variance)) in variance.iter_mut().zip(deviation.into_iter().zip(own_variance)) {
        *variance += deviation.mul_add(deviation, own_variance);
    }
}
