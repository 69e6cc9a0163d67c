//! Objects of group `streams.ibm.com`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fold::{Apply, Cluster, Kind};
use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, ObjectId, Objects, OpenStreams, OpenStreamsObject, Pe, Pools,
};
use crate::state::event::Observed;

/// A kind of the group: which PEs its objects concern.
pub(super) trait Declares: OpenStreamsObject + Observed<Key = ObjectId> {
    const KIND: Kind;
    /// Reads the PEs again that these objects concern. They have changed, or are gone.
    fn replace_pes(cluster: &mut Cluster, changed: &BTreeSet<ObjectId>);
}

impl Declares for DeclaredPe {
    const KIND: Kind = Kind::DeclaredPe;

    fn replace_pes(cluster: &mut Cluster, changed: &BTreeSet<ObjectId>) {
        let pods = cluster.by_element.of(changed);
        cluster.replace_these(&pods);
    }
}

impl Declares for DeclaredJob {
    const KIND: Kind = Kind::DeclaredJob;

    fn replace_pes(cluster: &mut Cluster, changed: &BTreeSet<ObjectId>) {
        let pods = cluster.by_job.of(changed);
        cluster.replace_these(&pods);
    }
}

impl Declares for DeclaredPool {
    const KIND: Kind = Kind::DeclaredPool;

    fn replace_pes(cluster: &mut Cluster, changed: &BTreeSet<ObjectId>) {
        let before = Arc::clone(&cluster.current.pools);
        let mut pools = Arc::clone(&before);
        for id in changed {
            let declared = cluster.current.declared.open_streams.pools.get(id);
            match declared.and_then(|declared| declared.pool.as_ref()) {
                Some(pool) => drop(Arc::make_mut(&mut pools).insert(pool.id.clone(), Arc::clone(pool))),
                None => drop(Arc::make_mut(&mut pools).remove(&OpenStreams::pool_id(id))),
            }
        }
        let ids: BTreeSet<ObjectId> = changed.iter().map(OpenStreams::pool_id).collect();
        let changed_pools = ids.iter().filter(|id| before.get(*id) != pools.get(*id)).cloned().collect();
        cluster.current.pools = pools;
        cluster.note_pool_change(&changed_pools);
        // The placement spec of a PE depends on its pool, and may be invalid because of it.
        let mut pods = cluster.by_pool.of(&ids);
        let is_invalid = |pe: &Pe| pe.spec.is_err() && changed.iter().any(|id| id.namespace == pe.pod.key.namespace);
        let invalid = cluster.pods.iter().filter(|entry| entry.pe.as_deref().is_some_and(is_invalid));
        pods.extend(invalid.map(|entry| entry.pod.key.uid.clone()));
        cluster.replace_these(&pods);
    }
}

impl Declares for DeclaredRegion {
    const KIND: Kind = Kind::DeclaredRegion;

    fn replace_pes(_cluster: &mut Cluster, _changed: &BTreeSet<ObjectId>) {
        // A region is reported to users. No placement spec depends on it.
    }
}

impl<T: Declares> Apply for T {
    const KIND: Kind = <T as Declares>::KIND;

    fn put(self, cluster: &mut Cluster) {
        let id = self.id().clone();
        let objects = T::of_mut(&mut cluster.current.declared.open_streams);
        // The operator writes its own state into these objects all the time: most versions declare what the last one
        // did.
        if objects.get(&id).is_some_and(|known| **known == self) {
            return;
        }
        Arc::make_mut(objects).insert(id.clone(), Arc::new(self));
        T::replace_pes(cluster, &BTreeSet::from([id]));
    }

    fn gone(key: &ObjectId, cluster: &mut Cluster) {
        if Arc::make_mut(T::of_mut(&mut cluster.current.declared.open_streams)).remove(key).is_some() {
            T::replace_pes(cluster, &BTreeSet::from([key.clone()]));
        }
    }

    fn list(objects: Vec<Self>, cluster: &mut Cluster) {
        let listed: Objects<T> = objects.into_iter().map(|object| (object.id().clone(), Arc::new(object))).collect();
        let known = T::of_mut(&mut cluster.current.declared.open_streams);
        let differs = |id: &&ObjectId| known.get(*id) != listed.get(*id);
        let changed: BTreeSet<ObjectId> = known.keys().chain(listed.keys()).filter(differs).cloned().collect();
        *known = Arc::new(listed);
        if !changed.is_empty() {
            T::replace_pes(cluster, &changed);
        }
    }
}

impl Cluster {
    /// All pools, given those of group `outrigger.dev`.
    pub(super) fn with_declared_pools(&self, own: Pools) -> Pools {
        let declared = self.current.declared.open_streams.pools.values().filter_map(|declared| declared.pool.as_ref());
        own.into_iter().chain(declared.map(|pool| (pool.id.clone(), Arc::clone(pool)))).collect()
    }
}

#[cfg(test)]
#[path = "tests/open_streams.rs"]
mod tests;
