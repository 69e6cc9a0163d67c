//! PEs of one job that may be added to a node, and the risk of the node with them.

use super::basis::RiskBasis;
use super::by_resource::ByResource;
use super::demand_sums::{DemandSums, JobSums, JobUse};
use super::node_demand::{NodeDemand, ResourceDemand, WorstStep, job_bit};
use super::normal::LARGEST_DISTANCE;
use super::numbers::{STEPS, narrow, narrow_square};
use crate::model::DemandResource;

/// PEs of one job that may be added to a node: one PE, the waiting members of a bucket, or none.
#[derive(Clone, Debug, PartialEq)]
pub struct AddedDemand {
    /// The sums over these PEs; `None` where there are none.
    sums: Option<JobSums>,
    job_bit: u64,
    resources: ByResource<AddedUse>,
}

/// What the PEs add for one resource, by step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct AddedUse {
    mean: [f32; STEPS],
    /// The variance that the PEs add to a node without PEs of their job.
    variance: [f32; STEPS],
    /// The standard deviation that the PEs have in common with PEs of their job.
    common: [f32; STEPS],
    /// The most that the expected use of any step grows by.
    peak_mean: f32,
    /// The most that the standard deviation of any step grows by, on any node.
    peak_deviation: f32,
}

/// Nodes at this many standard deviations below their allocatable amount have the least probability. A little more than
/// [`LARGEST_DISTANCE`], because paths are rounded.
const FAR: f32 = 4.3;
/// Where the expected use itself passes the allocatable amount, this share of the amount counts as one standard deviation.
/// The spread does not count then: more spread would read as less risk.
const EXCESS_UNIT: f32 = 0.1;

impl AddedDemand {
    /// No PE.
    #[must_use]
    pub fn nothing() -> Self {
        Self { sums: None, job_bit: 0, resources: ByResource::default() }
    }

    /// These PEs.
    #[must_use]
    pub fn new(sums: JobSums) -> Self {
        let resources = ByResource::from_fn(|resource| AddedUse::new(&sums.job_use(resource)));
        Self { job_bit: job_bit(sums.key()), sums: Some(sums), resources }
    }

    /// The sums over these PEs; `None` where there are none.
    pub(super) fn sums(&self) -> Option<&JobSums> {
        self.sums.as_ref()
    }

    /// The probability that the demand on a node with these PEs passes the allocatable amount of CPU or of memory, the larger
    /// of both, corrected by calibration. `on_node` looks up the pods of the node, and is called only where PEs of the same job
    /// may be there.
    #[inline]
    pub fn risk_on<'a>(
        &self,
        node: &NodeDemand,
        basis: &RiskBasis,
        on_node: impl FnOnce() -> Option<&'a DemandSums>,
    ) -> f64 {
        let curves = basis.curves(node.class);
        let (cpu, memory) = (&node.resources.cpu, &node.resources.memory);
        let is_far = ByResource { cpu: self.resources.cpu.is_far(cpu), memory: self.resources.memory.is_far(memory) };
        if is_far.cpu && is_far.memory {
            return curves.cpu.least().max(curves.memory.least());
        }
        let of_job = if node.may_have(self.job_bit) { self.of_job(on_node()) } else { None };
        let corrected = |resource: DemandResource| {
            let curve = curves.get(resource);
            if *is_far.get(resource) {
                return curve.least();
            }
            let common = of_job.map(|job| job.job_use(resource).deviation.map(narrow));
            let (squares, _) = self.resources.get(resource).distances(node.resources.get(resource), common.as_ref());
            curve.corrected(distance(least(&squares)))
        };
        corrected(DemandResource::Cpu).max(corrected(DemandResource::Memory))
    }

    /// The worst step of a node with these PEs, for one resource. `on_node` are the pods of the node.
    #[must_use]
    pub fn worst_step(&self, node: &NodeDemand, resource: DemandResource, on_node: Option<&DemandSums>) -> WorstStep {
        let of_job = self.of_job(on_node);
        let common = of_job.map(|job| job.job_use(resource).deviation.map(narrow));
        let on_node = node.resources.get(resource);
        let (squares, variance) = self.resources.get(resource).distances(on_node, common.as_ref());
        let least = least(&squares);
        // Of equal steps, the first.
        let step = squares.iter().position(|square| *square <= least).unwrap_or_default();
        let at = |values: &[f32; STEPS]| values.get(step).copied().map_or(0.0, f64::from);
        WorstStep {
            step,
            distance: distance(least),
            mean: at(&on_node.mean) + at(&self.resources.get(resource).mean),
            deviation: at(&variance).sqrt(),
        }
    }

    /// The sums of the same job on a node.
    fn of_job<'a>(&self, on_node: Option<&'a DemandSums>) -> Option<&'a JobSums> {
        on_node?.of_job(self.sums.as_ref()?.key())
    }
}

impl AddedUse {
    fn new(added: &JobUse) -> Self {
        let JobUse { mean, deviation, own_variance } = added;
        let mut variance = *own_variance;
        variance.iter_mut().zip(deviation).for_each(|(variance, deviation)| *variance += deviation.powi(2));
        // On a node with PEs of the job, the standard deviation grows by at most this.
        let mut grows = deviation.iter().zip(own_variance).map(|(deviation, own)| deviation + own.sqrt());
        let largest = |values: &mut dyn Iterator<Item = f64>| narrow(values.fold(0.0, f64::max));
        Self {
            mean: mean.map(narrow),
            variance: variance.map(narrow_square),
            common: deviation.map(narrow),
            peak_mean: largest(&mut mean.iter().copied()),
            peak_deviation: largest(&mut grows),
        }
    }

    /// True where the node stays far below its allocatable amount at every step.
    #[inline]
    #[expect(clippy::suboptimal_flops, reason = "fused operations are calls of functions on most targets")]
    fn is_far(&self, node: &ResourceDemand) -> bool {
        let deviation = node.peak_deviation + self.peak_deviation;
        node.peak_mean + self.peak_mean + FAR * deviation <= node.capacity
    }

    /// For each step the squared distance of the allocatable amount from the expected use in standard deviations, negative
    /// where the expected use is larger, and the variance. `common` is the common deviation of the same job on the node.
    #[inline]
    fn distances(&self, node: &ResourceDemand, common: Option<&[f32; STEPS]>) -> ([f32; STEPS], [f32; STEPS]) {
        let mut variance = node.variance;
        variance.iter_mut().zip(&self.variance).for_each(|(variance, added)| *variance += added);
        if let Some(common) = common {
            // (D + d)² - D² - d²
            let both = common.iter().zip(&self.common);
            variance.iter_mut().zip(both).for_each(|(variance, (there, own))| *variance += 2.0 * there * own);
        }
        let unit = node.capacity.max(1.0) * EXCESS_UNIT;
        let excess_scale = 1.0 / (unit * unit);
        let mut squares = [0.0_f32; STEPS];
        let means = node.mean.iter().zip(&self.mean);
        for (square, ((on_node, added), variance)) in squares.iter_mut().zip(means.zip(&variance)) {
            let free = node.capacity - (on_node + added);
            *square = free * free * if free > 0.0 { 1.0 / variance } else { -excess_scale };
        }
        (squares, variance)
    }
}

/// The least of some values. Four at a time, so that the compiler uses vectors.
#[inline]
fn least(values: &[f32; STEPS]) -> f32 {
    let (fours, rest) = values.as_chunks::<4>();
    let mut lanes = [f32::INFINITY; 4];
    for four in fours {
        for (lane, value) in lanes.iter_mut().zip(four) {
            *lane = if *value < *lane { *value } else { *lane };
        }
    }
    lanes.iter().chain(rest).fold(f32::INFINITY, |least, value| if *value < least { *value } else { least })
}

/// The distance of a signed square.
#[inline]
fn distance(square: f32) -> f64 {
    let square = f64::from(square);
    square.abs().sqrt().copysign(square).clamp(-LARGEST_DISTANCE, LARGEST_DISTANCE)
}

#[cfg(test)]
#[path = "tests/added_demand.rs"]
mod tests;
