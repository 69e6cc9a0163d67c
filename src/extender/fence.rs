//! The takeover fence (D17): which pods have to be marked before a pod can be committed.

use std::sync::Arc;

use crate::model::{HostChoice, Pe, PodKey};
use crate::state::{Cluster, Snapshot};

/// The pods that must be shown with a mark of ours, or in a later version, before the pod `uid` is committed.
///
/// Another process may have a Binding on its way for any PE that is unsettled. Only PEs matter whose placement could
/// break a rule together with this one, and the pod itself: for that, we may have one on our own way.
#[must_use]
pub fn pods_to_fence(cluster: &Cluster, uid: &str) -> Vec<PodKey> {
    let Some((pod, pe)) = cluster.pod(uid) else { return Vec::new() };
    let own = cluster.assumed(uid).map(|_| pod.key.clone());
    let others = cluster.unsettled().filter(|other| {
        let itself = other.pod.key.uid == pod.key.uid;
        pe.is_some_and(|pe| if itself { own.is_none() } else { may_conflict(pe, other, cluster.snapshot()) })
    });
    own.iter().cloned().chain(others.map(|other| other.pod.key.clone())).collect()
}

/// True when some placement of both PEs breaks a rule between PEs.
fn may_conflict(one: &Pe, other: &Arc<Pe>, snapshot: &Snapshot) -> bool {
    let within_job = |pe: &Pe| {
        pe.spec.as_ref().is_ok_and(|spec| {
            !spec.colocation.is_empty() || !spec.exlocation.is_empty() || matches!(spec.hosts, HostChoice::Pool(_))
        })
    };
    (one.job == other.job && within_job(one) && within_job(other))
        || claims(one, other, snapshot)
        || claims(other, one, snapshot)
}

/// True when `owner` wants a node without `other`: by isolation or by an exclusive pool.
fn claims(owner: &Pe, other: &Pe, snapshot: &Snapshot) -> bool {
    let Ok(spec) = &owner.spec else { return false };
    let isolated = spec.isolation.is_some_and(|scope| scope.reaches(&owner.job, &other.job));
    let exclusive = match &spec.hosts {
        HostChoice::Pool(id) => {
            owner.job != other.job
                && spec.exclusive_scope.reaches(&owner.job, &other.job)
                && snapshot.pools().get(id).is_some_and(|pool| pool.mode.is_exclusive())
        }
        HostChoice::Any | HostChoice::Tags(_) => false,
    };
    isolated || exclusive
}
