//! `BucketDoesNotFit`: the pending members of a bucket share the node of the first member that is placed, so the node must
//! fit all of them (legacy rule C4, filter F12).

use std::sync::Arc;

use super::evaluate::{Evaluation, earlier_rejection};
use super::filter::plugin::NodeView;
use super::plugin_set::PluginSet;
use crate::model::{HostPort, Pe, Reason, Rejection, Shortage};
use crate::state::{NodeState, Snapshot};

/// One PE together with the pending members of its bucket.
#[derive(Clone, Debug)]
pub(super) struct BucketEvaluation {
    pub(super) own: Evaluation,
    /// True where the bucket has other members and none is bound, so that this PE decides for all.
    pub(super) is_unplaced: bool,
    /// Pending members of the bucket that could be rejected on a node that passes for the PE, one for each different spec.
    pub(super) members: Vec<PendingBucketMember>,
}

/// Another pending member of a PE's bucket.
#[derive(Clone, Debug)]
pub(super) struct PendingBucketMember {
    pub(super) pe: Arc<Pe>,
    /// The evaluation of the member alone, or the rejection that holds for every node.
    evaluation: Result<Evaluation, Rejection>,
    /// The plugins that could reject a node for the member and pass the node for the PE.
    plugins: PluginSet,
}

impl BucketEvaluation {
    /// Looks up a PE and the pending members of its bucket.
    ///
    /// # Errors
    /// The [`Rejection`] that holds for every node.
    pub(super) fn new(pe: &Arc<Pe>, snapshot: &Snapshot) -> Result<Self, Rejection> {
        let own = Evaluation::new(pe, snapshot)?;
        let bucket = &own.state.bucket;
        let is_unplaced = !bucket.others.is_empty() && bucket.anchors.is_empty();
        let members = if is_unplaced { pending_members(&own, snapshot) } else { Vec::new() };
        Ok(Self { own, is_unplaced, members })
    }

    /// The first rejection of a node.
    pub(super) fn first_rejection(&self, node: NodeView<'_>) -> Option<Rejection> {
        earlier_rejection(self.own.first_rejection(node), Reason::BucketDoesNotFit, || self.bucket_rejection(node))
    }

    /// The rejection of a node for the bucket as a whole: by the sum of requests, by host ports, or for one member.
    #[inline]
    pub(super) fn bucket_rejection(&self, node: NodeView<'_>) -> Option<Rejection> {
        if !self.is_unplaced {
            return None;
        }
        let sum = self.sum_rejection(node).or_else(|| self.port_rejection(node.state));
        sum.or_else(|| self.members.iter().find_map(|member| member.rejection(node)))
    }

    /// The rejection of a node where the sum of the requests of all pending members does not fit.
    fn sum_rejection(&self, node: NodeView<'_>) -> Option<Rejection> {
        let bucket = &self.own.state.bucket;
        let free_pods = node.info.free_pods;
        if bucket.pending_pods > free_pods {
            return Some(Rejection::BucketDoesNotFit(Shortage::of_pods(bucket.pending_pods, free_pods)));
        }
        if node.info.has_room_for(&bucket.pending_requests) {
            return None;
        }
        let allocatable = &node.node().allocatable;
        let is_counted = |name: &str| self.own.state.listed_resources.is_counted(name);
        Shortage::first_counted(allocatable, &node.state.requested, &bucket.pending_requests, is_counted)
            .map(Rejection::BucketDoesNotFit)
    }

    /// The rejection of a node where a host port of a pending member is used by a pod or requested by another member.
    fn port_rejection(&self, node: &NodeState) -> Option<Rejection> {
        let state = &self.own.state;
        let requested = || state.bucket.others_pending.iter().map(|pe| pe.host_ports()).chain([state.pe.host_ports()]);
        if requested().all(<[HostPort]>::is_empty) {
            return None;
        }
        let mut taken = node.host_ports.clone();
        for ports in requested() {
            if let Some(port) = HostPort::first_taken(ports, &taken) {
                return Some(Rejection::BucketDoesNotFit(Shortage::of_port(port)));
            }
            taken.extend_from_slice(ports);
        }
        None
    }
}

impl PendingBucketMember {
    /// The rejection of a node for the member alone.
    fn rejection(&self, node: NodeView<'_>) -> Option<Rejection> {
        let rejection = match &self.evaluation {
            Err(rejection) => Some(rejection.clone()),
            Ok(evaluation) => evaluation.first_rejection_by(self.plugins, node),
        };
        rejection.map(|rejection| self.reject(rejection))
    }

    /// The rejection of the bucket for a rejection of this member.
    pub(super) fn reject(&self, rejection: Rejection) -> Rejection {
        Rejection::BucketMemberRejected { pe: Arc::clone(&self.pe.name), rejection: Box::new(rejection) }
    }
}

/// Looks up the other pending members of a PE's bucket, one for each different spec.
fn pending_members(own: &Evaluation, snapshot: &Snapshot) -> Vec<PendingBucketMember> {
    let mut members: Vec<PendingBucketMember> = Vec::new();
    for pe in &own.state.bucket.others_pending {
        let Ok(theirs) = &pe.spec else { continue };
        let is_alike = |known: &Arc<Pe>| {
            let same_spec = known.spec.as_ref().is_ok_and(|spec| spec == theirs) && theirs.relocatable;
            let unoffered = |pe: &Pe| snapshot.unoffered(&pe.pod.key.uid);
            let volumes = |pe: &Pe| snapshot.volume_topologies(&pe.pod);
            same_spec
                && known.pod.node_requirements == pe.pod.node_requirements
                && unoffered(known) == unoffered(pe)
                && volumes(known) == volumes(pe)
        };
        if members.iter().map(|member| &member.pe).chain([&own.state.pe]).any(is_alike) {
            continue;
        }
        let evaluation = Evaluation::outside_bucket(pe, snapshot);
        let plugins = evaluation.as_ref().map_or_else(
            |_| PluginSet::default(),
            |member| PluginSet::differing(&own.state, &member.state).intersection(member.plugins),
        );
        members.push(PendingBucketMember { pe: Arc::clone(pe), evaluation, plugins });
    }
    members
}
