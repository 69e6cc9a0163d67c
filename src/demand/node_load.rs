//! The measurements of nodes as load protection compares them with its thresholds, and as overload is observed.

use std::collections::BTreeMap;

use crate::forecast::demand::{Measured, NodeSample};
use crate::model::{Load, Metrics, Node, NodeName, Percent};
use crate::state::Snapshot;

/// The resources by which a node is observed to be overloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OverloadedResource {
    /// CPU in use exceeds what pods may request.
    Cpu,
    /// Memory in use exceeds what pods may request.
    Memory,
    /// Processes wait for CPU in a larger share of the time than the policy allows.
    CpuPressure,
}

impl OverloadedResource {
    /// The name in metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::CpuPressure => "cpu_pressure",
        }
    }
}

/// Of how many nodes a resource was measured, and how many of them were overloaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ObservedNodes {
    pub(super) measured: u32,
    pub(super) overloaded: u32,
}

/// The load of each node of which something was measured, as a share of what pods may request there.
pub(super) fn loads(samples: &[NodeSample], snapshot: &Snapshot) -> BTreeMap<NodeName, Load> {
    let load = |(sample, node): (&NodeSample, &Node)| {
        let used = used(&sample.measured, node);
        (!used.is_empty()).then(|| (sample.node.clone(), Load { used, at: sample.measured.at }))
    };
    with_nodes(samples, snapshot).filter_map(load).collect()
}

/// Counts the nodes that are overloaded at this step.
pub(super) fn observed_overload(
    samples: &[NodeSample],
    snapshot: &Snapshot,
    most_pressure: Percent,
) -> BTreeMap<OverloadedResource, ObservedNodes> {
    let mut observed: BTreeMap<OverloadedResource, ObservedNodes> = BTreeMap::new();
    for (sample, node) in with_nodes(samples, snapshot) {
        let Metrics { cpu, memory, network: _ } = used(&sample.measured, node);
        let pressure = sample.measured.cpu_pressure.and_then(|share| Percent::new(share * 100.0));
        for (resource, value, most) in [
            (OverloadedResource::Cpu, cpu, Percent::WHOLE),
            (OverloadedResource::Memory, memory, Percent::WHOLE),
            (OverloadedResource::CpuPressure, pressure, most_pressure),
        ] {
            // No data is neither idle nor overloaded.
            let Some(value) = value else { continue };
            let nodes = observed.entry(resource).or_default();
            nodes.measured += 1;
            nodes.overloaded += u32::from(value > most);
        }
    }
    observed
}

/// The samples of nodes that are there, each with its node.
fn with_nodes<'a>(
    samples: &'a [NodeSample],
    snapshot: &'a Snapshot,
) -> impl Iterator<Item = (&'a NodeSample, &'a Node)> {
    samples.iter().filter_map(|sample| {
        let state = snapshot.node(snapshot.find(sample.node.as_str())?)?;
        Some((sample, state.node.as_deref()?))
    })
}

fn used(measured: &Measured, node: &Node) -> Metrics<Percent> {
    let percent = |used: Option<f64>, of: u64| {
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a share is no exact number")]
        let of = of as f64;
        let share = used.filter(|used| used.is_finite() && *used >= 0.0 && of > 0.0)? / of;
        // A share beyond what a percentage can be is as good as the greatest one.
        Percent::new((share * 100.0).min(1_000.0))
    };
    Metrics {
        cpu: percent(measured.cpu, node.allocatable.cpu.0),
        memory: percent(measured.memory, node.allocatable.memory.0),
        network: None,
    }
}

#[cfg(test)]
#[path = "tests/node_load.rs"]
mod tests;
