//! Buckets: the PEs of a job that must share one node.

use std::sync::Arc;

use crate::model::{NodeName, Pe, PlacementSpec, Resources};
use crate::state::{JobState, NodeIndex, Snapshot};

/// The PEs that must share a node with one PE: the transitive closure over shared colocation tokens and shared places
/// of sized pools (legacy rule C4).
///
/// It closes over PEs that wait as well as over those that are bound.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// The other members, in the order of the job.
    pub others: Vec<Arc<Pe>>,
    /// Of these, those that still wait.
    pub others_waiting: Vec<Arc<Pe>>,
    /// The nodes that members are bound to, each once.
    pub anchors: Vec<NodeIndex>,
    /// What the members that still wait request, the PE itself included.
    pub waiting: Resources,
    /// How many members still wait, the PE itself included.
    pub waiting_pods: u64,
}

impl Bucket {
    /// The bucket of `pe` within its job.
    #[must_use]
    pub fn of(pe: &Pe, spec: &PlacementSpec, job: Option<&JobState>) -> Self {
        let mut bucket = Self { waiting: pe.pod.resources.requests.clone(), waiting_pods: 1, ..Self::default() };
        let Some(job) = job.filter(|_| spec.ties().next().is_some()) else { return bucket };
        let reached = spec.reach(&job.members.iter().filter_map(|member| member.pe.spec.as_deref().ok()));
        for member in &job.members {
            let is_tied = member.pe.spec.as_ref().is_ok_and(|theirs| theirs.is_tied_by(&reached));
            if member.pe.pod.key.uid == pe.pod.key.uid || !is_tied {
                continue;
            }
            bucket.others.push(Arc::clone(&member.pe));
            match member.node {
                Some(node) if bucket.anchors.contains(&node) => {}
                Some(node) => bucket.anchors.push(node),
                None => {
                    bucket.others_waiting.push(Arc::clone(&member.pe));
                    bucket.waiting.add(&member.pe.pod.resources.requests);
                    bucket.waiting_pods += 1;
                }
            }
        }
        bucket
    }

    /// The names of the nodes that members are bound to, sorted.
    pub(super) fn anchored(&self, snapshot: &Snapshot) -> Arc<[NodeName]> {
        let name = |anchor: &NodeIndex| Some(snapshot.node(*anchor)?.name.clone());
        let mut names: Vec<NodeName> = self.anchors.iter().filter_map(name).collect();
        names.sort_unstable();
        names.into()
    }
}
