//! Pods, and owners of pods that are gone.

use std::collections::HashSet;
use std::sync::Arc;

use super::assumed_pod::AssumedPod;
use super::fold::{Apply, Cluster, Kind};
use crate::model::{Owner, Pod, PodUid};
use crate::state::takeover::is_pending;

/// From this number on, gone owners that no pod names are forgotten.
const FEW_OWNERS: usize = 1_024;

impl Apply for Pod {
    const KIND: Kind = Kind::Pod;

    fn put(self, cluster: &mut Cluster) {
        cluster.show_pod(self);
    }

    fn gone(key: &PodUid, cluster: &mut Cluster) {
        cluster.assumed_pods.remove(key);
        cluster.reserved_pods.remove(key);
        cluster.current.has_reserved_nodes = !cluster.reserved_pods.is_empty();
        cluster.forget_unoffered(key);
        cluster.takeover.forget(key);
        cluster.forget_arrival(key);
        if let Some(entry) = cluster.pods.take(key.as_str()) {
            cluster.uncount(&entry);
            if entry.pe.is_some() && entry.pod.node.is_none() {
                // kube-scheduler requeues no pod for the deletion of a pod without a node.
                cluster.note_released_nodes();
            }
            entry.pe.iter().for_each(|pe| cluster.note_placed_members(&pe.job, 0));
            entry.pe.iter().for_each(|pe| cluster.forget_spec_change(&pe.job));
        }
    }

    fn list(objects: Vec<Self>, cluster: &mut Cluster) {
        let listed: HashSet<&PodUid, ahash::RandomState> = objects.iter().map(|pod| &pod.key.uid).collect();
        let known = cluster.pods.iter().map(|entry| &entry.pod.key.uid);
        let mut gone: Vec<PodUid> = known.filter(|uid| !listed.contains(uid)).cloned().collect();
        gone.sort_unstable();
        for uid in gone {
            Self::gone(&uid, cluster);
        }
        for pod in objects {
            cluster.show_pod(pod);
        }
        // Another process may have taken over and ended between two lists.
        cluster.takeover.ask();
    }
}

impl Cluster {
    /// Applies a version of a pod.
    fn show_pod(&mut self, pod: Pod) {
        self.note_arrival(&pod);
        let uid = &pod.key.uid;
        let is_pe = || self.policies.governing(pod.key.namespace.as_str(), &pod.labels).is_some();
        self.takeover.observe(self.pods.get(uid.as_str()).map(|entry| &*entry.pod), &pod, is_pe);
        // What the watch shows replaces what was assumed, whether both agree or not. For a later version without a node,
        // our Binding comes too late: its precondition fails.
        let is_over = |assumed: &AssumedPod| !is_pending(&pod) || assumed.resource_version != pod.resource_version;
        if self.assumed_pods.get(uid).is_some_and(is_over) {
            self.assumed_pods.remove(uid);
        }
        let pod = Arc::new(self.shared_values.pod(pod));
        self.replace(pod);
    }

    pub(super) fn drop_owner(&mut self, owner: &Owner) {
        // Most workloads that end have had no pod for a while.
        let Some(owner) = self.shared_values.owner(owner).filter(|owner| owner.is_only) else { return };
        if self.gone_owners.len() >= FEW_OWNERS {
            // One reference is held here and one by the shared values; every other one is held by a pod.
            self.gone_owners.retain(|gone| Arc::strong_count(gone) > 2);
        }
        self.gone_owners.insert(Arc::clone(&owner));
        let orphans = self.replace_all(|entry| entry.pod.owner.as_ref().is_some_and(|of| Arc::ptr_eq(of, &owner)));
        if orphans > 0 {
            self.current.version += 1;
            self.note_released_nodes();
        } else {
            self.gone_owners.remove(&owner);
        }
    }
}

#[cfg(test)]
#[path = "tests/pods.rs"]
mod tests;
