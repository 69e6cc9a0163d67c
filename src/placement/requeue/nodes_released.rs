//! Requeues PEs of any job that could be placed after a change that kube-scheduler does not see: a placement spec or a pool
//! of another job changed, a reservation was given up, a waiting PE was deleted, or the owner of PEs is gone.

use std::sync::Arc;

use super::placeable::is_placeable;
use super::urgency::most_urgent_first;
use crate::model::{Pe, PodUid};
use crate::state::{NodeIndex, Snapshot};

/// The changes that were observed.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodesReleased {
    /// The version of the last such change.
    seen: u64,
}

impl NodesReleased {
    /// True where such a change has happened since the last observation.
    pub fn observe(&mut self, snapshot: &Snapshot) -> bool {
        let released = snapshot.nodes_released_in();
        std::mem::replace(&mut self.seen, released) < released
    }
}

/// The pending PEs whose last attempt is older than the last such change and for which some node passes now, gangs left
/// aside, the most urgent first. `decided_in` returns the version of the snapshot in which a pod was last filtered.
pub fn newly_placeable(snapshot: &Snapshot, decided_in: impl Fn(&PodUid) -> Option<u64>) -> Vec<&Arc<Pe>> {
    let nodes: Vec<NodeIndex> = snapshot.indexes().collect();
    let pending = snapshot.jobs().flat_map(|(_, job)| &job.members).filter(|member| member.is_unbound());
    let was_rejected =
        |pe: &Pe| decided_in(&pe.pod.key.uid).is_some_and(|version| version < snapshot.nodes_released_in());
    let rejected = pending.map(|member| &member.pe).filter(|pe| was_rejected(pe));
    most_urgent_first(rejected.filter(|pe| is_placeable(pe, &nodes, snapshot)).collect())
}
