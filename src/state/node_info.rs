//! What most decisions read of a node, in one place.

use std::sync::Arc;

use super::node_state::NodeState;
use crate::model::{CpuAndMemory, Node, NodeName, NodeTags, Overload, Resources};

/// What most decisions read of a node, in one place: its row, the node itself and who runs there are in others, and
/// thousands of nodes are looked at for one PE.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// Its name.
    pub name: NodeName,
    /// The node itself.
    pub node: Arc<Node>,
    /// Its tags.
    pub tags: Arc<NodeTags>,
    /// How full it is.
    pub occupancy: Occupancy,
    /// How many more pods it may run.
    pub free_pods: u64,
    /// How many PEs on it count in rules between PEs.
    pub pes: usize,
    /// False when cordoned, not ready, or leaving.
    pub schedulable: bool,
    /// Which taints it has.
    pub taints: TaintKinds,
    /// True when a PE on it may close it to others.
    pub claimed: bool,
    /// By what it is overloaded, where it is.
    pub overload: Option<Overload>,
}

/// Which kinds of taints a node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaintKinds {
    /// A taint keeps pods off that do not tolerate the taint.
    pub hard: bool,
    /// A taint has the effect `PreferNoSchedule`.
    pub soft: bool,
}

/// How full a node is, by the two resources that every node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// What pods may request in all.
    pub allocatable: CpuAndMemory,
    /// Requests of every pod on it that is not finished.
    pub requested: CpuAndMemory,
    /// Limits of the same pods; a missing limit counts as the request.
    pub limits: CpuAndMemory,
}

impl NodeInfo {
    /// That of a row whose node is known.
    pub(super) fn of(state: &NodeState) -> Option<Self> {
        let node = state.node.as_ref()?;
        Some(Self {
            name: state.name.clone(),
            node: Arc::clone(node),
            tags: Arc::clone(node.labels.tags()),
            occupancy: Occupancy {
                allocatable: node.allocatable.cpu_and_memory(),
                requested: state.requested.cpu_and_memory(),
                limits: state.limits.cpu_and_memory(),
            },
            free_pods: node.pods.saturating_sub(state.pods),
            pes: state.pes.len(),
            schedulable: node.schedulable,
            taints: TaintKinds { hard: !node.taints.is_empty(), soft: !node.soft_taints.is_empty() },
            claimed: !state.claimants.is_empty(),
            overload: state.overload,
        })
    }

    /// True when so much certainly fits beside what is there; false where that has to be looked up in the row.
    #[must_use]
    pub fn has_room_for(&self, wanted: &Resources) -> bool {
        let Occupancy { allocatable, requested, .. } = &self.occupancy;
        let fits = |wanted: u64, all: u64, used: u64| wanted == 0 || wanted <= all.saturating_sub(used);
        wanted.other.is_empty()
            && fits(wanted.cpu.0, allocatable.cpu.0, requested.cpu.0)
            && fits(wanted.memory.0, allocatable.memory.0, requested.memory.0)
    }
}
