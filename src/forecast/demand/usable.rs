//! Which measurements of an observation count.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::observation::{Measured, NodeSample, Observation, PeIdentity, PeSample};
use super::per_resource::PerResource;
use crate::model::{DemandKey, NodeName, PodName};

/// What became of an observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObservationReport {
    /// False where the whole observation does not count: its step is over, or its time is not believed yet.
    pub is_accepted: bool,
    /// Measurements that are too old, or too far in the future.
    pub stale: usize,
    /// Values that are negative, no number, or beyond all measure.
    pub invalid: usize,
    /// Samples of a pod or node that a later one replaces.
    pub duplicates: usize,
    /// Jobs with a pod of which too few PEs were measured: the step is missing in at least one resource.
    pub jobs_without_total: usize,
    /// Jobs and nodes that are not kept, because the state is full.
    pub not_kept: usize,
    /// Named PEs that count as interchangeable, because the state is full.
    pub unnamed: usize,
}

/// The samples of an observation that count, each pod and each node once.
#[derive(Debug, Default)]
pub(super) struct Usable<'o> {
    pub(super) jobs: BTreeMap<&'o DemandKey, Vec<UsablePod<'o>>>,
    pub(super) nodes: BTreeMap<&'o NodeName, PerResource<Option<f64>>>,
}

/// A pod, and what it used.
#[derive(Debug)]
pub(super) struct UsablePod<'o> {
    pub(super) sample: &'o PeSample,
    pub(super) used: PerResource<Option<f64>>,
}

/// Larger values are no measurements: more than an exbibyte.
const MOST_VALUE: f64 = 1e18;

impl<'o> Usable<'o> {
    pub(super) fn of(observation: &'o Observation, step: SignedDuration, report: &mut ObservationReport) -> Self {
        let mut pods: BTreeMap<(&DemandKey, &PodName), &PeSample> = BTreeMap::new();
        for sample in observation.pes.iter().filter(|sample| does_count(sample)) {
            let known = pods.entry((&sample.job, &sample.pod)).or_insert(sample);
            if !std::ptr::eq(*known, sample) {
                report.duplicates += 1;
                *known = later(*known, sample, |sample| sample.measured.at);
            }
        }
        let mut nodes: BTreeMap<&NodeName, &NodeSample> = BTreeMap::new();
        for sample in &observation.nodes {
            let known = nodes.entry(&sample.node).or_insert(sample);
            if !std::ptr::eq(*known, sample) {
                report.duplicates += 1;
                *known = later(*known, sample, |sample| sample.measured.at);
            }
        }
        let mut used = |measured: &Measured| used(measured, observation.at, step, report);
        let mut usable = Self::default();
        for ((job, _), sample) in pods {
            let used = used(&sample.measured);
            usable.jobs.entry(job).or_default().push(UsablePod { sample, used });
        }
        usable.nodes = nodes.into_iter().map(|(node, sample)| (node, used(&sample.measured))).collect();
        usable
    }
}

/// An interchangeable PE that waits for a node has used nothing, and has no part in the demand yet: the others do its work. A named PE that waits
/// has: its work is not done.
fn does_count(sample: &PeSample) -> bool {
    let Measured { cpu, memory, .. } = sample.measured;
    sample.pe != PeIdentity::Interchangeable || sample.node.is_some() || cpu.is_some() || memory.is_some()
}

fn later<'o, T>(known: &'o T, other: &'o T, time: impl Fn(&T) -> Timestamp) -> &'o T {
    if time(other) >= time(known) { other } else { known }
}

fn used(
    measured: &Measured,
    now: Timestamp,
    step: SignedDuration,
    report: &mut ObservationReport,
) -> PerResource<Option<f64>> {
    let Measured { at, cpu, memory, cpu_pressure: _, input_rate: _ } = *measured;
    let has_value = cpu.is_some() || memory.is_some();
    if has_value && now.duration_since(at).abs() > step {
        report.stale += 1;
        return PerResource::default();
    }
    let mut valid = |value: Option<f64>| {
        let is_valid = |value: &f64| (0.0..=MOST_VALUE).contains(value);
        report.invalid += usize::from(value.is_some_and(|value| !is_valid(&value)));
        value.filter(is_valid)
    };
    PerResource { cpu: valid(cpu), memory: valid(memory) }
}
