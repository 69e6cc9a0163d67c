//! Limit ranges and quotas: what the API server demands of the requests and limits of pods.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fold::{Apply, Cluster, Kind};
use crate::model::{LimitRange, ObjectId, ResourceConstraints, ResourceQuota};

impl Apply for LimitRange {
    const KIND: Kind = Kind::LimitRange;

    fn put(self, cluster: &mut Cluster) {
        if !cluster.current.constraints.has_limit_range(&self) {
            cluster.constraints_mut().put_limit_range(self);
        }
    }

    fn gone(key: &ObjectId, cluster: &mut Cluster) {
        cluster.constraints_mut().remove_limit_range(key);
    }

    fn list(objects: Vec<Self>, cluster: &mut Cluster) {
        let listed: BTreeSet<&ObjectId> = objects.iter().map(|object| &object.id).collect();
        let known = cluster.current.constraints.limit_ranges();
        let gone: Vec<ObjectId> = known.filter(|id| !listed.contains(id)).cloned().collect();
        for id in &gone {
            Self::gone(id, cluster);
        }
        for object in objects {
            object.put(cluster);
        }
    }
}

impl Apply for ResourceQuota {
    const KIND: Kind = Kind::ResourceQuota;

    /// Most changes of a quota are of the amount that is used, which is not kept.
    fn put(self, cluster: &mut Cluster) {
        if !cluster.current.constraints.has_quota(&self) {
            cluster.constraints_mut().put_quota(self);
        }
    }

    fn gone(key: &ObjectId, cluster: &mut Cluster) {
        cluster.constraints_mut().remove_quota(key);
    }

    fn list(objects: Vec<Self>, cluster: &mut Cluster) {
        let listed: BTreeSet<&ObjectId> = objects.iter().map(|object| &object.id).collect();
        let known = cluster.current.constraints.quotas();
        let gone: Vec<ObjectId> = known.filter(|id| !listed.contains(id)).cloned().collect();
        for id in &gone {
            Self::gone(id, cluster);
        }
        for object in objects {
            object.put(cluster);
        }
    }
}

impl Cluster {
    /// The constraints, for a change that counts as a new version.
    fn constraints_mut(&mut self) -> &mut ResourceConstraints {
        self.current.version += 1;
        Arc::make_mut(&mut self.current.constraints)
    }
}

#[cfg(test)]
#[path = "tests/resource_constraints.rs"]
mod tests;
