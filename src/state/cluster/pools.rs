//! Pools of group `outrigger.dev`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fold::{Apply, Cluster, Kind};
use crate::model::{ObjectId, Pool};

impl Apply for Pool {
    const KIND: Kind = Kind::Pool;

    fn put(self, cluster: &mut Cluster) {
        if cluster.current.pools.get(&self.id).is_some_and(|known| **known == self) {
            return;
        }
        let changed = BTreeSet::from([self.id.clone()]);
        Arc::make_mut(&mut cluster.current.pools).insert(self.id.clone(), Arc::new(self));
        cluster.hold_nodes_of(&changed);
        cluster.note_pool_change(&changed);
    }

    fn gone(key: &ObjectId, cluster: &mut Cluster) {
        if Arc::make_mut(&mut cluster.current.pools).remove(key).is_some() {
            cluster.note_pool_change(&BTreeSet::from([key.clone()]));
        }
    }

    fn list(objects: Vec<Self>, cluster: &mut Cluster) {
        let pools = objects.into_iter().map(|pool| (pool.id.clone(), Arc::new(pool))).collect();
        let all = Arc::new(cluster.with_declared_pools(pools));
        let before = std::mem::replace(&mut cluster.current.pools, all);
        let now = &cluster.current.pools;
        let changed = before.keys().chain(now.keys()).filter(|id| before.get(*id) != now.get(*id));
        let changed = changed.cloned().collect();
        cluster.hold_nodes_of(&changed);
        cluster.note_pool_change(&changed);
    }
}

#[cfg(test)]
#[path = "tests/pools.rs"]
mod tests;
