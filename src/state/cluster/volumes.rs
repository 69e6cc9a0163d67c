//! Persistent volumes and claims. A change concerns the jobs whose PEs name the claim.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fold::{Apply, Cluster, Kind};
use crate::model::{BoundVolume, JobId, ObjectId, PersistentVolume, PersistentVolumeClaim, VolumeTopology};
use crate::state::volumes::{ClaimState, Volumes};

impl Apply for PersistentVolumeClaim {
    const KIND: Kind = Kind::PersistentVolumeClaim;

    fn put(self, cluster: &mut Cluster) {
        let Self { id, volume } = self;
        let known = cluster.current.volumes.claim(&id).map(|(bound, _)| bound);
        if known == volume {
            return;
        }
        let id = cluster.shared_values.object_id(id);
        let volume = volume.map(|bound| cluster.shared_values.bound_volume(bound));
        if let Some(known) = known {
            cluster.claims_by_volume.remove(&(known.name, id.clone()));
        }
        if let Some(volume) = &volume {
            cluster.claims_by_volume.insert((Arc::clone(&volume.name), id.clone()));
        }
        cluster.change_volumes(&BTreeSet::from([id.clone()]), |volumes| match volume {
            Some(bound) => volumes.put_claim(id, bound),
            None => volumes.remove_claim(&id),
        });
    }

    fn gone(key: &ObjectId, cluster: &mut Cluster) {
        Self { id: key.clone(), volume: None }.put(cluster);
    }

    fn list(objects: Vec<Self>, cluster: &mut Cluster) {
        let listed: BTreeSet<&ObjectId> = objects.iter().map(|claim| &claim.id).collect();
        let known = cluster.current.volumes.claim_ids();
        let gone: BTreeSet<ObjectId> = known.filter(|id| !listed.contains(id)).cloned().collect();
        for id in gone {
            Self::gone(&id, cluster);
        }
        for claim in objects {
            claim.put(cluster);
        }
    }
}

impl Apply for PersistentVolume {
    const KIND: Kind = Kind::PersistentVolume;

    fn put(self, cluster: &mut Cluster) {
        if cluster.current.volumes.topology(&self.name) == Some(&self.topology) {
            return;
        }
        let claims = cluster.claims_of_volume(&self.name);
        let volume = cluster.shared_values.volume(self);
        cluster.change_volumes(&claims, |volumes| volumes.put_volume(volume));
    }

    fn gone(key: &Arc<str>, cluster: &mut Cluster) {
        if cluster.current.volumes.topology(key).is_some() {
            let claims = cluster.claims_of_volume(key);
            cluster.change_volumes(&claims, |volumes| volumes.remove_volume(key));
        }
    }

    fn list(objects: Vec<Self>, cluster: &mut Cluster) {
        let listed: BTreeSet<&Arc<str>> = objects.iter().map(|volume| &volume.name).collect();
        let known = cluster.current.volumes.volume_names();
        let gone: BTreeSet<Arc<str>> = known.filter(|name| !listed.contains(name)).cloned().collect();
        for name in gone {
            Self::gone(&name, cluster);
        }
        for volume in objects {
            volume.put(cluster);
        }
    }
}

impl Cluster {
    /// The claims that name a volume.
    fn claims_of_volume(&self, volume: &Arc<str>) -> BTreeSet<ObjectId> {
        let first = (Arc::clone(volume), ObjectId::new(&"".into(), ""));
        let named = self.claims_by_volume.range(first..).take_while(|(name, _)| name == volume);
        named.map(|(_, claim)| claim.clone()).collect()
    }

    /// Changes what is known of these claims. The plans of jobs whose PEs have one of the claims are not used any more.
    fn change_volumes(&mut self, ids: &BTreeSet<ObjectId>, change: impl FnOnce(&mut Volumes)) {
        let before: Vec<ClaimState> = ids.iter().map(|id| self.current.volumes.claim(id)).collect();
        change(Arc::make_mut(&mut self.current.volumes));
        self.current.volume_changes += 1;
        self.current.version += 1;
        for (id, before) in ids.iter().zip(before) {
            if self.current.volumes.claim(id) != before {
                self.note_claim_change(id, before.as_ref());
            }
        }
    }

    fn note_claim_change(&mut self, id: &ObjectId, before: Option<&(BoundVolume, Option<Arc<VolumeTopology>>)>) {
        let pods = self.by_claim.of(&BTreeSet::from([id.clone()]));
        let pes = pods.iter().filter_map(|uid| self.pods.get(uid.as_str())?.pe.as_ref());
        let jobs: BTreeSet<JobId> = pes.map(|pe| pe.job.clone()).collect();
        for job in &jobs {
            self.current.change_job(job, |_| ());
        }
        // A claim that was unknown has ruled out no node. kube-scheduler itself tries pods again whose claims change.
        let had_restricted =
            before.is_some_and(|(_, topology)| topology.as_ref().is_some_and(|topology| !topology.is_empty()));
        if had_restricted && !jobs.is_empty() {
            self.note_spec_change(jobs);
        }
    }
}

#[cfg(test)]
#[path = "tests/volumes.rs"]
mod tests;
