//! Finds the pods that need a fencing token before another pod is assumed (D17).

use std::sync::Arc;

use crate::model::{HostChoice, Pe, PodKey};
use crate::state::{Cluster, Snapshot};

/// The pods that need a fencing token before the pod `uid` is assumed.
///
/// Another process may have a Binding in flight for any unsettled PE. A PE is fenced where its placement could break a
/// rule together with this PE. The pod itself is fenced where it is unsettled, or assumed by this process.
#[must_use]
pub fn pods_to_fence(cluster: &Cluster, uid: &str) -> Vec<PodKey> {
    let Some((pod, pe)) = cluster.pod(uid) else { return Vec::new() };
    let own = cluster.assumed(uid).map(|_| pod.key.clone());
    let others = cluster.unsettled().filter(|other| {
        let is_itself = other.pod.key.uid == pod.key.uid;
        pe.is_some_and(|pe| if is_itself { own.is_none() } else { may_conflict(pe, other, cluster.snapshot()) })
    });
    own.iter().cloned().chain(others.map(|other| other.pod.key.clone())).collect()
}

/// True where some placement of both PEs breaks a rule between PEs.
fn may_conflict(one: &Pe, other: &Arc<Pe>, snapshot: &Snapshot) -> bool {
    let within_job = |pe: &Pe| {
        pe.spec.as_ref().is_ok_and(|spec| {
            !spec.colocation.is_empty() || !spec.exlocation.is_empty() || matches!(spec.hosts, HostChoice::Pool(_))
        })
    };
    (one.job == other.job && within_job(one) && within_job(other))
        || excludes_from_node(one, other, snapshot)
        || excludes_from_node(other, one, snapshot)
}

/// True where `owner` excludes `other` from its node, by isolation or by an exclusive pool.
fn excludes_from_node(owner: &Pe, other: &Pe, snapshot: &Snapshot) -> bool {
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

#[cfg(test)]
#[path = "tests/fence.rs"]
mod tests;
