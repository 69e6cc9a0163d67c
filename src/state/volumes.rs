//! Claims and the volumes that they are bound to, shared by snapshots.

use std::sync::Arc;

use super::shards::Shards;
use crate::model::{BoundVolume, ObjectId, PersistentVolume, Pod, PodClaim, VolumeTopology};

/// Claims that have a volume, and volumes. A claim without a volume is not kept: the claim and its volume are unknown.
#[derive(Clone, Debug, Default)]
pub(super) struct Volumes {
    claims: Shards<ObjectId, BoundVolume>,
    volumes: Shards<Arc<str>, Arc<VolumeTopology>>,
}

/// A claim of a pod, with the nodes that the volume of the claim can be used on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimTopology {
    /// The name of the claim.
    pub claim: Arc<str>,
    /// The nodes that the volume can be used on.
    pub topology: Arc<VolumeTopology>,
}

/// What is known of one claim: the volume, and where the volume can be used.
pub(super) type ClaimState = Option<(BoundVolume, Option<Arc<VolumeTopology>>)>;

impl Volumes {
    /// The claims of a pod whose volumes cannot be used on every node. Claims that are not bound, and volumes that have not
    /// been seen, are unknown and restrict nothing.
    pub(super) fn of_pod(&self, pod: &Pod) -> Vec<ClaimTopology> {
        let Some(claims) = &pod.claims else { return Vec::new() };
        let restricting = |claim: &PodClaim| {
            let topology = self.topology_of(pod, claim)?;
            // VolumeZone does not read generic ephemeral volumes.
            let topology = if claim.is_ephemeral && !topology.zones.is_empty() {
                Arc::new(VolumeTopology { terms: topology.terms.clone(), zones: Vec::new() })
            } else {
                Arc::clone(topology)
            };
            (!topology.is_empty()).then(|| ClaimTopology { claim: Arc::clone(&claim.name), topology })
        };
        claims.iter().filter_map(restricting).collect()
    }

    /// True where a claim of a pod is not bound, or its volume has not been seen.
    pub(super) fn any_unknown(&self, pod: &Pod) -> bool {
        let is_unknown = |claim: &PodClaim| self.topology_of(pod, claim).is_none();
        pod.claims.iter().flat_map(|claims| claims.iter()).any(is_unknown)
    }

    /// Where the volume of a claim can be used; `None` where this is unknown.
    fn topology_of(&self, pod: &Pod, claim: &PodClaim) -> Option<&Arc<VolumeTopology>> {
        let id = ObjectId { namespace: pod.key.namespace.clone(), name: Arc::clone(&claim.name) };
        let bound = self.claims.get(&id)?;
        // The claim of an earlier pod of this name is about to be deleted.
        let is_of_pod = !claim.is_ephemeral || bound.pod.as_ref() == Some(&pod.key.uid);
        self.volumes.get(&bound.name).filter(|_| is_of_pod)
    }

    /// What is known of a claim.
    pub(super) fn claim(&self, id: &ObjectId) -> ClaimState {
        let bound = self.claims.get(id)?;
        Some((bound.clone(), self.volumes.get(&bound.name).cloned()))
    }

    pub(super) fn claim_ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.claims.iter().map(|(id, _)| id)
    }

    pub(super) fn volume_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.volumes.iter().map(|(name, _)| name)
    }

    /// Where a volume can be used; `None` for a volume that has not been seen.
    pub(super) fn topology(&self, volume: &Arc<str>) -> Option<&Arc<VolumeTopology>> {
        self.volumes.get(volume)
    }

    pub(super) fn put_claim(&mut self, id: ObjectId, bound: BoundVolume) {
        if let Some(shard) = self.claims.shard(&id) {
            shard.insert(id, bound);
        }
    }

    pub(super) fn remove_claim(&mut self, id: &ObjectId) {
        self.claims.remove(id);
    }

    pub(super) fn put_volume(&mut self, volume: PersistentVolume) {
        let PersistentVolume { name, topology } = volume;
        if let Some(shard) = self.volumes.shard(&name) {
            shard.insert(name, topology);
        }
    }

    pub(super) fn remove_volume(&mut self, name: &Arc<str>) {
        self.volumes.remove(name);
    }
}
