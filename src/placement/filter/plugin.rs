//! The type of filter plugins.

use super::super::pre_filter::PreFilterState;
use crate::model::{Node, Reason, Rejection};
use crate::state::{NodeIndex, NodeInfo, NodeState, Snapshot};

/// A filter plugin: one rule that may reject a node.
#[derive(Clone, Copy, Debug)]
pub(in crate::placement) struct FilterPlugin {
    /// True where the plugin can reject a node for this PE. `filter` is only called where this is true.
    pub(in crate::placement) applies: fn(&PreFilterState) -> bool,
    /// The rejection of a node; `None` where the node passes.
    pub(in crate::placement) filter: fn(&PreFilterState, NodeView<'_>) -> Option<Rejection>,
    /// The reason code of the plugin; the first, where the plugin has two.
    pub(in crate::placement) reason: Reason,
    /// The schedulers that check the rule.
    pub(in crate::placement) checked_by: CheckedBy,
    /// The state that the plugin reads beside the PE.
    pub(in crate::placement) reads: Reads,
    /// The PEs that the plugin is called for where a bucket is placed.
    pub(in crate::placement) bucket: BucketScope,
}

/// The schedulers that check a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::placement) enum CheckedBy {
    /// Outrigger checks the rule, and kube-scheduler does not.
    Outrigger,
    /// kube-scheduler checks the rule too. It sends no node to its extenders that the rule rejects.
    KubeScheduler,
}

/// The state that a plugin reads beside the PE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::placement) enum Reads {
    /// The node, and the sums over its pods.
    Node,
    /// Other PEs on the node or in the job, too.
    OtherPes,
}

/// The PEs that a plugin is called for where a bucket is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::placement) enum BucketScope {
    /// The PE alone: the bucket checks sums of requests itself, or the rule gives the same result for every member.
    Pe,
    /// Each member that differs from the PE in this part of the spec.
    EachMember(SpecPart),
}

/// A part of a PE's spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::placement) enum SpecPart {
    NodeRequirements,
    /// The volumes that the claims of the pod are bound to.
    Volumes,
    Pool,
    Hosts,
    Isolation,
    Exlocation,
    /// The name of the PE: no two members are equal.
    Identity,
}

/// A node of the snapshot, as plugins read the node.
#[derive(Clone, Copy, Debug)]
pub(in crate::placement) struct NodeView<'a> {
    pub(in crate::placement) index: NodeIndex,
    pub(in crate::placement) info: &'a NodeInfo,
    pub(in crate::placement) state: &'a NodeState,
    pub(in crate::placement) snapshot: &'a Snapshot,
}

impl<'a> NodeView<'a> {
    /// The node at this index.
    ///
    /// # Errors
    /// [`Rejection::NodeUnknown`] where the snapshot does not have the node.
    #[inline]
    pub(in crate::placement) fn new(snapshot: &'a Snapshot, index: NodeIndex) -> Result<Self, Rejection> {
        let (info, state) = snapshot.info(index).ok_or(Rejection::NodeUnknown)?;
        Ok(Self { index, info, state, snapshot })
    }

    /// The node object.
    #[inline]
    pub(in crate::placement) fn node(self) -> &'a Node {
        &self.info.node
    }
}

impl SpecPart {
    /// True where two PEs differ in this part.
    pub(in crate::placement) fn differs(self, one: &PreFilterState, other: &PreFilterState) -> bool {
        let (own, theirs) = (&*one.spec, &*other.spec);
        match self {
            Self::NodeRequirements => one.pe.pod.node_requirements != other.pe.pod.node_requirements,
            Self::Volumes => {
                let (own, theirs) = (one.claims.iter(), other.claims.iter());
                !own.map(|claim| &claim.topology).eq(theirs.map(|claim| &claim.topology))
            }
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
