//! One copy of each value that pods or nodes have in common: most values of a pod are those of its siblings too.

use std::sync::Arc;

use super::interner::Interner;
use crate::model::{
    BoundVolume, JobId, Node, NodeRequirements, NodeTags, ObjectId, Owner, Pe, PersistentVolume, PlacementSpec, Pod,
    PodKey, PodRequests, VolumeTopology,
};

/// The shared copies.
#[derive(Debug, Default)]
pub(super) struct SharedValues {
    node_requirements: Interner<NodeRequirements>,
    pod_requests: Interner<PodRequests>,
    owners: Interner<Owner>,
    tags: Interner<NodeTags>,
    texts: Interner<str>,
    spec: Interner<PlacementSpec>,
    volume_topologies: Interner<VolumeTopology>,
}

impl SharedValues {
    /// An equal node with shared copies of its values.
    pub(super) fn node(&mut self, node: Node) -> Node {
        let tags = self.tags.share(Arc::clone(node.labels.tags()));
        Node { labels: node.labels.sharing(tags), ..node }
    }

    /// The shared copy of an owner; `None` where it owns no pod.
    pub(super) fn owner(&self, owner: &Owner) -> Option<Arc<Owner>> {
        self.owners.find(owner)
    }

    /// An equal pod with shared copies of its values.
    pub(super) fn pod(&mut self, pod: Pod) -> Pod {
        let texts = &mut self.texts;
        let namespace = texts.share(pod.key.namespace.into()).into();
        Pod {
            key: PodKey { namespace, ..pod.key },
            owner: pod.owner.map(|owner| self.owners.share(owner)),
            scheduler_name: texts.share(pod.scheduler_name),
            node: pod.node.map(|node| texts.share(node.into()).into()),
            resources: self.pod_requests.share(pod.resources),
            node_requirements: pod
                .node_requirements
                .map(|node_requirements| self.node_requirements.share(node_requirements)),
            ..pod
        }
    }

    /// An equal identity with a shared copy of its namespace.
    pub(super) fn object_id(&mut self, id: ObjectId) -> ObjectId {
        ObjectId { namespace: self.texts.share(id.namespace.into()).into(), ..id }
    }

    /// An equal volume of a claim with shared copies of its values.
    pub(super) fn bound_volume(&mut self, volume: BoundVolume) -> BoundVolume {
        BoundVolume { name: self.texts.share(volume.name), ..volume }
    }

    /// An equal volume with shared copies of its values.
    pub(super) fn volume(&mut self, volume: PersistentVolume) -> PersistentVolume {
        PersistentVolume {
            name: self.texts.share(volume.name),
            topology: self.volume_topologies.share(volume.topology),
        }
    }

    /// An equal PE with shared copies of its values. The values of its pod are shared already.
    pub(super) fn pe(&mut self, pe: Pe) -> Pe {
        let texts = &mut self.texts;
        let JobId { namespace, name, generation } = pe.job;
        Pe {
            job: JobId { namespace, name: texts.share(name), generation: texts.share(generation) },
            spec: pe.spec.map(|spec| self.spec.share(spec)),
            ..pe
        }
    }
}
