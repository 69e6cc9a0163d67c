//! The members of a bucket: the PEs of a job that must share one node.

use std::sync::Arc;

use super::colocation::{bucket_groups, colocation_groups, is_in_bucket};
use crate::model::{NodeName, Pe, PlacementSpec, Resources};
use crate::state::{JobState, NodeIndex, Snapshot};

/// The PEs that must share a node with one PE: the transitive closure over shared colocation tokens and shared indexes
/// of sized pools (legacy rule C4).
///
/// The closure includes pending and bound PEs.
#[derive(Clone, Debug, Default)]
pub(crate) struct BucketMembers {
    /// The other members, in the order of the job.
    pub(crate) others: Vec<Arc<Pe>>,
    /// The other pending members.
    pub(super) others_pending: Vec<Arc<Pe>>,
    /// The nodes that members are bound to, each once.
    pub(super) anchors: Vec<NodeIndex>,
    /// The sum of the requests of all pending members, the PE itself included.
    pub(super) pending_requests: Resources,
    /// How many members are pending, the PE itself included.
    pub(super) pending_pods: u64,
}

impl BucketMembers {
    /// Looks up the bucket of `pe` within its job.
    #[must_use]
    pub(super) fn new(pe: &Pe, spec: &PlacementSpec, job: Option<&JobState>) -> Self {
        let mut bucket =
            Self { pending_requests: pe.pod.resources.requests.clone(), pending_pods: 1, ..Self::default() };
        let Some(job) = job.filter(|_| colocation_groups(spec).next().is_some()) else { return bucket };
        let groups = bucket_groups(spec, &job.participants().filter_map(|member| member.pe.spec.as_deref().ok()));
        for member in job.participants() {
            let is_member = member.pe.spec.as_ref().is_ok_and(|theirs| is_in_bucket(theirs, &groups));
            if member.pe.pod.key.uid == pe.pod.key.uid || !is_member {
                continue;
            }
            bucket.others.push(Arc::clone(&member.pe));
            match member.node() {
                Some(node) if bucket.anchors.contains(&node) => {}
                Some(node) => bucket.anchors.push(node),
                None => {
                    bucket.others_pending.push(Arc::clone(&member.pe));
                    bucket.pending_requests.add(&member.pe.pod.resources.requests);
                    bucket.pending_pods += 1;
                }
            }
        }
        bucket
    }

    /// The names of the nodes that members are bound to, sorted.
    pub(super) fn node_names(&self, snapshot: &Snapshot) -> Arc<[NodeName]> {
        let name = |anchor: &NodeIndex| Some(snapshot.node(*anchor)?.name.clone());
        let mut names: Vec<NodeName> = self.anchors.iter().filter_map(name).collect();
        names.sort_unstable();
        names.into()
    }
}
