//! Statements about the risk of nodes, to be compared with what happens: the input of calibration.

use std::hash::{Hash as _, Hasher as _};

use jiff::Timestamp;

use super::node_state::{NodeIndex, NodeState};
use super::snapshot::Snapshot;
use crate::model::{DemandResource, Node, NodeName, OfResources};
use crate::risk::{AddedDemand, ByResource, NodeClass, Observation};

/// What a snapshot states about its nodes, until the end of the horizon.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedRisks {
    until: Timestamp,
    nodes: Vec<StatedRisk>,
}

#[derive(Clone, Debug, PartialEq)]
struct StatedRisk {
    node: NodeName,
    class: NodeClass,
    /// The pods that the statement is about.
    pods: u64,
    /// The allocatable amounts, in millicores and bytes.
    allocatable: ByResource<f64>,
    /// The distances at the worst steps.
    distances: ByResource<f64>,
}

impl StatedRisks {
    /// The statements of a snapshot; `None` where no demand is known.
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Option<Self> {
        let basis = snapshot.nodes.basis()?;
        let nothing = AddedDemand::nothing();
        let stated = |(index, state, node): (NodeIndex, &NodeState, &Node)| {
            let demand = snapshot.nodes.demand(index.number())?;
            let distance = |resource| nothing.worst_step(demand, resource, None).distance;
            let allocatable = node.allocatable.cpu_and_memory();
            Some(StatedRisk {
                node: state.name.clone(),
                class: NodeClass::of_node(node),
                pods: pods_of(state),
                allocatable: ByResource { cpu: amount(allocatable.cpu.0), memory: amount(allocatable.memory.0) },
                distances: ByResource::from_fn(distance),
            })
        };
        Some(Self { until: basis.horizon_end(), nodes: snapshot.nodes().filter_map(stated).collect() })
    }

    /// The time at which the statements can be judged.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Compares the statements with the highest use of each node since they were made, in millicores and bytes, as `peak` has
    /// it. A statement about a node whose use was not measured, or whose PEs are others than those it was about, is not judged:
    /// no data is no quiet hour (`docs/design.md`, law 4).
    pub fn compare(&self, now: &Snapshot, peak: impl Fn(&NodeName) -> OfResources<f64>) -> Vec<Observation> {
        let mut observations = Vec::new();
        for stated in &self.nodes {
            let state = now.find(stated.node.as_str()).and_then(|index| now.node(index));
            if state.is_none_or(|state| pods_of(state) != stated.pods) {
                continue;
            }
            let peak = peak(&stated.node);
            let peaks = ByResource { cpu: peak.cpu, memory: peak.memory };
            for resource in DemandResource::ALL {
                let Some(peak) = peaks.get(resource).filter(|peak| peak.is_finite() && *peak >= 0.0) else { continue };
                observations.push(Observation {
                    class: stated.class.clone(),
                    resource,
                    distance: *stated.distances.get(resource),
                    happened: peak >= *stated.allocatable.get(resource),
                });
            }
        }
        observations
    }
}

/// A number that is the same for the same PEs in any order, and most likely another for others.
fn pods_of(state: &NodeState) -> u64 {
    let of_pe = |uid: &str| {
        let mut hasher = std::hash::DefaultHasher::new();
        uid.hash(&mut hasher);
        hasher.finish()
    };
    state.pes.iter().map(|pe| of_pe(pe.pod.key.uid.as_str())).fold(state.pods, u64::wrapping_add)
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "compared with measurements")]
fn amount(amount: u64) -> f64 {
    amount as f64
}

#[cfg(test)]
#[path = "tests/stated_risks.rs"]
mod tests;
