//! How the PEs of a job share the demand of the job, learnt step by step.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::part::Part;
use super::per_resource::{PerResource, Resource};
use crate::forecast::numbers::number;
use crate::model::{JobDemand, NodeName};

/// How the PEs of a job share its demand.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Shares {
    /// The PEs whose names outlive their pods.
    named: BTreeMap<Arc<str>, NamedPe>,
    /// Each of the interchangeable PEs.
    interchangeable: PerResource<Part>,
}

/// A PE whose name outlives its pods.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct NamedPe {
    parts: PerResource<Part>,
    /// The last step at which the PE had a pod.
    seen: i64,
}

/// What the pod of a PE used in a step.
#[derive(Clone, Debug)]
pub(super) struct PodUse<'a> {
    /// The name of the PE; `None` where the PE is interchangeable.
    pub(super) pe: Option<&'a Arc<str>>,
    pub(super) node: Option<&'a NodeName>,
    pub(super) used: PerResource<Option<f64>>,
}

/// The demand of a job for one resource in one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StepDemand {
    /// The use of all PEs; `None` where too few were measured.
    pub(super) total: Option<f64>,
    /// What each pod has used, or is expected to have used where it was not measured; in the order of the pods.
    pub(super) pods: Vec<Option<f64>>,
}

/// Where the measured PEs have a smaller fraction of the job's use, the total of the job is unknown.
const LEAST_MEASURED: f64 = 0.5;
/// The least fraction of a PE beside the mean fraction: a PE that was idle may work again.
const LEAST_OF_MEAN: f64 = 0.01;

impl Shares {
    /// The number of named PEs.
    pub(super) fn len(&self) -> usize {
        self.named.len()
    }

    /// True where the name of a PE is kept.
    pub(super) fn knows(&self, pe: &str) -> bool {
        self.named.contains_key(pe)
    }

    /// Keeps the named PEs of these pods.
    pub(super) fn see(&mut self, pods: &[PodUse<'_>], step: i64) {
        for pe in pods.iter().filter_map(|pod| pod.pe) {
            match self.named.get_mut(&**pe) {
                Some(known) => known.seen = step,
                None => drop(self.named.insert(Arc::clone(pe), NamedPe { seen: step, ..NamedPe::default() })),
            }
        }
    }

    /// The PEs that had no pod at a step, each with the last step at which it had.
    pub(super) fn absent(&self, step: i64) -> impl Iterator<Item = (i64, &Arc<str>)> {
        self.named.iter().filter(move |(_, pe)| pe.seen < step).map(|(name, pe)| (pe.seen, name))
    }

    /// Forgets a PE.
    pub(super) fn forget(&mut self, pe: &str) {
        self.named.remove(pe);
    }

    /// Forgets the PEs without a pod since a step.
    pub(super) fn forget_before(&mut self, step: i64) {
        self.named.retain(|_, pe| pe.seen >= step);
    }

    /// Begins the next window of peaks.
    pub(super) fn begin_window(&mut self) {
        let parts = self.named.values_mut().map(|pe| &mut pe.parts).chain([&mut self.interchangeable]);
        for parts in parts {
            parts.cpu.begin_window();
            parts.memory.begin_window();
        }
    }

    /// Learns what the pods of the job used of a resource. The named PEs among them are kept.
    pub(super) fn learn(&mut self, pods: &[PodUse<'_>], resource: Resource) -> StepDemand {
        let used = |pod: &PodUse<'_>| *pod.used.get(resource);
        let mut named: BTreeMap<&str, Option<f64>> = BTreeMap::new();
        let mut interchangeable: Vec<Option<f64>> = Vec::new();
        for pod in pods {
            match pod.pe {
                // A PE with two pods is replaced at present: the larger one counts.
                Some(pe) => {
                    let known = named.entry(pe).or_default();
                    *known = larger(*known, used(pod));
                }
                None => interchangeable.push(used(pod)),
            }
        }
        let fractions = self.fractions(&named, interchangeable.len(), resource);
        let of_named = named.iter().map(|(pe, used)| (fractions.of(Some(pe)), *used));
        let all: Vec<(f64, Option<f64>)> =
            of_named.chain(interchangeable.iter().map(|used| (fractions.interchangeable, *used))).collect();
        let total = total(&all);
        if let Some(total) = total {
            for (pe, used) in &named {
                if let Some(known) = self.named.get_mut(*pe) {
                    learn(known.parts.get_mut(resource), used.as_slice(), fractions.of(Some(pe)), total);
                }
            }
            let used: Vec<f64> = interchangeable.iter().copied().flatten().collect();
            learn(self.interchangeable.get_mut(resource), &used, fractions.interchangeable, total);
        }
        let of_pod = |pod: &PodUse<'_>| used(pod).or_else(|| Some(total? * fractions.of(pod.pe.map(|pe| &**pe))));
        StepDemand { total, pods: pods.iter().map(of_pod).collect() }
    }

    /// The expected fractions of the PEs that have pods. A PE that was never measured has the mean of the others.
    fn fractions<'n>(
        &self,
        named: &BTreeMap<&'n str, Option<f64>>,
        interchangeable: usize,
        resource: Resource,
    ) -> Fractions<'n> {
        let weight = |pe: &str| self.named.get(pe).and_then(|pe| pe.parts.get(resource).weight());
        let common = self.interchangeable.get(resource).weight();
        let known =
            || named.keys().filter_map(|pe| weight(pe)).chain(common.into_iter().filter(|_| interchangeable > 0));
        let (sum, count) = known().fold((0.0, 0.0), |(sum, count), weight| (sum + weight, count + 1.0));
        let mean = if sum > 0.0 { sum / count } else { 1.0 };
        let least = LEAST_OF_MEAN * mean;
        let expected = |weight: Option<f64>| weight.unwrap_or(mean).max(least);
        let weights: BTreeMap<&str, f64> = named.keys().map(|pe| (*pe, expected(weight(pe)))).collect();
        let common = expected(common);
        let sum = weights.values().sum::<f64>() + common * number(interchangeable);
        let named = weights.into_iter().map(|(pe, weight)| (pe, weight / sum)).collect();
        Fractions { named, interchangeable: common / sum }
    }

    /// Adds the shares of PEs to a demand.
    pub(super) fn add_to(&self, demand: &mut JobDemand) {
        let share = |parts: &PerResource<Part>| PerResource { cpu: parts.cpu.share(), memory: parts.memory.share() };
        demand.shares = self.named.iter().map(|(name, pe)| (Arc::clone(name), share(&pe.parts).into())).collect();
        demand.interchangeable = share(&self.interchangeable).into();
    }
}

/// The expected fractions of the job's use; together 1.
struct Fractions<'n> {
    named: BTreeMap<&'n str, f64>,
    /// Of each interchangeable PE.
    interchangeable: f64,
}

impl Fractions<'_> {
    fn of(&self, pe: Option<&str>) -> f64 {
        pe.and_then(|pe| self.named.get(pe)).copied().unwrap_or(self.interchangeable)
    }
}

fn larger(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    left.zip(right).map_or_else(|| left.or(right), |(left, right)| Some(left.max(right)))
}

/// The use of all PEs, of which each has an expected fraction: what was measured, divided by the fractions of the measured
/// PEs. Never the bare sum, which would take a missing PE for an idle one.
fn total(pes: &[(f64, Option<f64>)]) -> Option<f64> {
    let measured = || pes.iter().filter_map(|(fraction, used)| Some((fraction, (*used)?)));
    let sum: f64 = measured().map(|(_, used)| used).sum();
    if !pes.is_empty() && measured().count() == pes.len() {
        return Some(sum);
    }
    let fraction: f64 = measured().map(|(fraction, _)| fraction).sum();
    (fraction >= LEAST_MEASURED).then(|| sum / fraction)
}

fn learn(part: &mut Part, used: &[f64], fraction: f64, total: f64) {
    if used.is_empty() {
        part.scale(fraction);
    } else {
        part.learn(used, fraction, total);
    }
}

#[cfg(test)]
#[path = "tests/shares.rs"]
mod tests;
