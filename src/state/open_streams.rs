//! Objects of group `streams.ibm.com`, folded into what is declared.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cluster::{Cluster, Entry};
use super::event::Change;
use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, HostChoice, ObjectId, Objects, OpenStreams,
    OpenStreamsObject, Pe, PoolId, Pools,
};

/// A kind of object of the group: which PEs a change of one concerns.
pub(super) trait Declares: OpenStreamsObject {
    /// Follows up a change of these objects.
    fn follow_up(cluster: &mut Cluster, changed: &BTreeSet<ObjectId>);
}

impl Declares for DeclaredPe {
    fn follow_up(cluster: &mut Cluster, changed: &BTreeSet<ObjectId>) {
        let pods = changed.iter().filter_map(|id| cluster.by_object.get(id)).flatten().cloned().collect();
        cluster.replace_these(&pods);
    }
}

impl Declares for DeclaredJob {
    fn follow_up(cluster: &mut Cluster, changed: &BTreeSet<ObjectId>) {
        let of_one = |pe: &Pe| changed.iter().any(|id| id.name == pe.job.name && id.namespace == pe.job.namespace);
        cluster.replace_all(|entry| entry.pe.as_deref().is_some_and(of_one));
    }
}

impl Declares for DeclaredPool {
    fn follow_up(cluster: &mut Cluster, changed: &BTreeSet<ObjectId>) {
        let before = Arc::clone(&cluster.current.pools);
        let mut pools = Arc::clone(&before);
        for id in changed {
            let declared = cluster.current.declared.open_streams.pools.get(id);
            match declared.and_then(|declared| declared.pool.as_ref()) {
                Some(pool) => drop(Arc::make_mut(&mut pools).insert(pool.id.clone(), Arc::clone(pool))),
                None => drop(Arc::make_mut(&mut pools).remove(&pool_id(id))),
            }
        }
        let others = changed.iter().map(pool_id).filter(|id| before.get(id) != pools.get(id)).collect();
        cluster.current.pools = pools;
        cluster.note_pool_change(&others);
        // What the pool is decides on what its PEs wish, and on whether that can be known.
        let ids: BTreeSet<PoolId> = changed.iter().map(pool_id).collect();
        let of_one = |pe: &Pe| match &pe.spec {
            Ok(spec) => matches!(&spec.hosts, HostChoice::Pool(id) if ids.contains(id)),
            Err(_) => changed.iter().any(|id| id.namespace == pe.pod.key.namespace),
        };
        cluster.replace_all(|entry| entry.pe.as_deref().is_some_and(of_one));
    }
}

impl Declares for DeclaredRegion {
    fn follow_up(_cluster: &mut Cluster, _changed: &BTreeSet<ObjectId>) {
        // It is told, and no PE wishes anything by it.
    }
}

impl Cluster {
    pub(super) fn declare<T: Declares>(&mut self, change: Change<T>) {
        let changed = match change {
            Change::Expected => {
                self.expected.insert(T::KIND);
                return;
            }
            Change::Put(object) => self.put_object(*object),
            Change::Gone(id) => {
                let gone = Arc::make_mut(T::of_mut(&mut self.current.declared.open_streams)).remove(&id);
                gone.map(|_| id).into_iter().collect()
            }
            Change::Listed(objects) => {
                self.expected.remove(T::KIND);
                self.list_objects(objects)
            }
        };
        if !changed.is_empty() {
            T::follow_up(self, &changed);
        }
    }

    /// The operator writes its own state into these objects all the time: most versions declare what the last one did.
    fn put_object<T: Declares>(&mut self, object: T) -> BTreeSet<ObjectId> {
        let id = object.id().clone();
        let objects = T::of_mut(&mut self.current.declared.open_streams);
        if objects.get(&id).is_some_and(|known| **known == object) {
            return BTreeSet::new();
        }
        Arc::make_mut(objects).insert(id.clone(), Arc::new(object));
        BTreeSet::from([id])
    }

    fn list_objects<T: Declares>(&mut self, listed: Vec<T>) -> BTreeSet<ObjectId> {
        let listed: Objects<T> = listed.into_iter().map(|object| (object.id().clone(), Arc::new(object))).collect();
        let objects = T::of_mut(&mut self.current.declared.open_streams);
        let differs = |id: &&ObjectId| objects.get(*id) != listed.get(*id);
        let changed = objects.keys().chain(listed.keys()).filter(differs).cloned().collect();
        *objects = Arc::new(listed);
        changed
    }

    /// Notes the object that says what a pod wishes.
    pub(super) fn note_object(&mut self, entry: &Entry) {
        if let Some(object) = entry.pe.as_ref().and_then(|pe| pe.object.as_ref()).map(|object| &object.id) {
            self.by_object.entry(object.clone()).or_default().insert(entry.pod.key.uid.clone());
        }
    }

    /// Forgets what was [noted](Self::note_object) of a pod.
    pub(super) fn forget_object(&mut self, entry: &Entry) {
        let Some(object) = entry.pe.as_ref().and_then(|pe| pe.object.as_ref()).map(|object| &object.id) else { return };
        if let Some(pods) = self.by_object.get_mut(object) {
            pods.remove(&entry.pod.key.uid);
            if pods.is_empty() {
                self.by_object.remove(object);
            }
        }
    }

    /// All pools there are, once the others are known to be these.
    pub(super) fn pools_with(&self, others: Pools) -> Pools {
        let own = self.current.declared.open_streams.pools.values().filter_map(|declared| declared.pool.as_ref());
        others.into_iter().chain(own.map(|pool| (pool.id.clone(), Arc::clone(pool)))).collect()
    }
}

fn pool_id(id: &ObjectId) -> PoolId {
    PoolId { namespace: id.namespace.clone(), name: OpenStreams::pool_name(&id.name).into() }
}

#[cfg(test)]
#[path = "tests/open_streams.rs"]
mod tests;
