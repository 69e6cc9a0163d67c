//! The takeover fence (D17): which waiting pods an older process may still be writing a Binding for.

use std::sync::Arc;

use crate::model::{HostChoice, Pe, PodKey};
use crate::state::{Cluster, Snapshot};

/// The pods that must carry our epoch before `pe` is committed.
///
/// An older process may have a Binding in flight for any PE that waited when we took over. Writing to such a pod
/// changes its version, so that the older Binding fails, or shows us where it went. Only PEs matter whose placement
/// could break a rule together with `pe`, or the PE itself.
#[must_use]
pub fn to_fence(cluster: &Cluster, pe: &Pe) -> Vec<PodKey> {
    cluster
        .unfenced()
        .filter(|other| other.pod.uid == pe.pod.uid || may_conflict(pe, other, cluster.snapshot()))
        .map(|other| other.pod.clone())
        .collect()
}

/// True when some placement of both PEs breaks a rule between PEs.
fn may_conflict(one: &Pe, other: &Arc<Pe>, snapshot: &Snapshot) -> bool {
    let within_job = |pe: &Pe| {
        pe.wishes.as_ref().is_ok_and(|wishes| {
            !wishes.colocation.is_empty()
                || !wishes.exlocation.is_empty()
                || matches!(wishes.hosts, HostChoice::Pool(_))
        })
    };
    (one.job == other.job && within_job(one) && within_job(other))
        || claims(one, other, snapshot)
        || claims(other, one, snapshot)
}

/// True when `owner` wants a node without `other`: by isolation or by an exclusive pool.
fn claims(owner: &Pe, other: &Pe, snapshot: &Snapshot) -> bool {
    let Ok(wishes) = &owner.wishes else { return false };
    let isolated = wishes.isolation.is_some_and(|scope| scope.reaches(&owner.job, &other.job));
    let exclusive = match &wishes.hosts {
        HostChoice::Pool(id) => {
            owner.job != other.job
                && wishes.exclusive_scope.reaches(&owner.job, &other.job)
                && snapshot.pools().get(id).is_some_and(|pool| pool.mode.is_exclusive())
        }
        HostChoice::Any | HostChoice::Tags(_) => false,
    };
    isolated || exclusive
}
