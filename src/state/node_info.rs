//! What most decisions read of a node.

use std::sync::Arc;

use super::node_state::NodeState;
use crate::model::{CpuAndMemory, Node, NodeName, NodeTags, Overload, Resources};

/// What most decisions read of a node, in one place in memory: a decision about one PE reads thousands of nodes. The
/// [`NodeState`] is elsewhere in memory.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// The name.
    pub name: NodeName,
    /// The node.
    pub node: Arc<Node>,
    /// The tags.
    pub tags: Arc<NodeTags>,
    /// How full the node is.
    pub occupancy: Occupancy,
    /// The number of further pods that the node may run.
    pub free_pods: u64,
    /// The number of PEs on the node that count in rules between PEs.
    pub pes: usize,
    /// False where the node is cordoned, not ready, or being deleted.
    pub schedulable: bool,
    /// Which taints the node has.
    pub taints: TaintKinds,
    /// True where a PE on the node may close it to others.
    pub claimed: bool,
    /// Why the node is overloaded; `None` where it is not.
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

/// How full a node is, by CPU and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// The amounts that pods may request in all.
    pub allocatable: CpuAndMemory,
    /// Requests of all pods on the node that are not finished.
    pub requested: CpuAndMemory,
    /// Limits of the same pods; a missing limit counts as the request.
    pub limits: CpuAndMemory,
}

impl NodeInfo {
    /// The info of a state; `None` while the node is unknown.
    pub(super) fn from_state(state: &NodeState) -> Option<Self> {
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

    /// True where the amounts certainly fit beside the requests on the node; false where the [`NodeState`] has to be
    /// read.
    #[must_use]
    pub fn has_room_for(&self, wanted: &Resources) -> bool {
        let Occupancy { allocatable, requested, .. } = &self.occupancy;
        let fits = |wanted: u64, all: u64, used: u64| wanted == 0 || wanted <= all.saturating_sub(used);
        wanted.other.is_empty()
            && fits(wanted.cpu.0, allocatable.cpu.0, requested.cpu.0)
            && fits(wanted.memory.0, allocatable.memory.0, requested.memory.0)
    }
}
