//! What a filter plugin is.

use super::super::pre_filter::PreFilterState;
use crate::model::{Node, Rejection};
use crate::state::{NodeIndex, NodeInfo, NodeState, Snapshot};

/// A row of the table of plugins: one rule that may reject a node.
#[derive(Clone, Copy, Debug)]
pub(in crate::placement) struct FilterPlugin {
    /// True where the plugin can reject a node for this PE; a plugin that does not apply is never called.
    pub(in crate::placement) applies: fn(&PreFilterState) -> bool,
    /// The rejection of a node; `None` lets the node pass.
    pub(in crate::placement) filter: fn(&PreFilterState, NodeView<'_>) -> Option<Rejection>,
    /// Whether kube-scheduler's own filters check the same.
    pub(in crate::placement) checked_by: CheckedBy,
    /// What the plugin reads beside the PE.
    pub(in crate::placement) reads: Reads,
    /// For whom the plugin is called where a bucket is placed.
    pub(in crate::placement) bucket: BucketScope,
}

/// Who checks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::placement) enum CheckedBy {
    /// Outrigger alone.
    Outrigger,
    /// kube-scheduler too: it asks its extenders about no node that the rule rejects.
    KubeScheduler,
}

/// What a plugin reads beside the PE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::placement) enum Reads {
    /// The node and the sums of what runs there.
    Node,
    /// Other PEs too, on the node or in the job.
    OtherPes,
}

/// For whom a plugin is called where the pending members of a bucket are placed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::placement) enum BucketScope {
    /// For the PE alone: the rule holds for the bucket as a whole by the sum of its requests, or is the same for all.
    Pe,
    /// For each member whose spec differs from that of the PE in what the plugin reads.
    EachMember(SpecPart),
}

/// A part of what a PE asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::placement) enum SpecPart {
    NodeRequirements,
    Pool,
    Hosts,
    Isolation,
    Exlocation,
    /// The PE itself: no two members are alike.
    Identity,
}

/// A node that the snapshot knows, as plugins read it.
#[derive(Clone, Copy, Debug)]
pub(in crate::placement) struct NodeView<'a> {
    pub(in crate::placement) index: NodeIndex,
    pub(in crate::placement) info: &'a NodeInfo,
    pub(in crate::placement) state: &'a NodeState,
}

impl<'a> NodeView<'a> {
    /// The node at this index; [`Rejection::NodeUnknown`] while the snapshot has not seen it.
    pub(in crate::placement) fn new(snapshot: &'a Snapshot, index: NodeIndex) -> Result<Self, Rejection> {
        let (info, state) = snapshot.info(index).ok_or(Rejection::NodeUnknown)?;
        Ok(Self { index, info, state })
    }

    /// The node object.
    pub(in crate::placement) fn node(self) -> &'a Node {
        &self.info.node
    }
}

impl SpecPart {
    /// True where two PEs ask for different things.
    pub(in crate::placement) fn differs(self, one: &PreFilterState, other: &PreFilterState) -> bool {
        let (own, theirs) = (&*one.spec, &*other.spec);
        match self {
            Self::NodeRequirements => one.pe.pod.node_requirements != other.pe.pod.node_requirements,
            Self::Pool => {
                (&own.hosts, own.pool_index, own.exclusive_scope)
                    != (&theirs.hosts, theirs.pool_index, theirs.exclusive_scope)
            }
            Self::Hosts => own.only != theirs.only,
            Self::Isolation => own.isolation != theirs.isolation,
            Self::Exlocation => own.exlocation != theirs.exlocation,
            Self::Identity => true,
        }
    }
}

/// A plugin that applies to every PE.
pub(super) fn always(_: &PreFilterState) -> bool {
    true
}
