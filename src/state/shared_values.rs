//! One copy of what many pods and nodes have in common: most of what is known of a pod is known of its siblings too.

use std::sync::Arc;

use super::interner::Interner;
use crate::model::{JobId, Node, NodeRequirements, NodeTags, Owner, Pe, PlacementSpec, Pod, PodKey, PodRequests};

/// The copies in use.
#[derive(Debug, Default)]
pub(super) struct SharedValues {
    node_requirements: Interner<NodeRequirements>,
    pod_requests: Interner<PodRequests>,
    owners: Interner<Owner>,
    tags: Interner<NodeTags>,
    texts: Interner<str>,
    spec: Interner<PlacementSpec>,
}

impl SharedValues {
    /// An equal node that shares what it can.
    pub(super) fn node(&mut self, node: Node) -> Node {
        let tags = self.tags.share(Arc::clone(node.labels.tags()));
        Node { labels: node.labels.sharing(tags), ..node }
    }

    /// The copy of an owner that its pods share, if it has any.
    pub(super) fn owner(&self, owner: &Owner) -> Option<Arc<Owner>> {
        self.owners.find(owner)
    }

    /// An equal pod that shares what it can.
    pub(super) fn pod(&mut self, pod: Pod) -> Pod {
        let texts = &mut self.texts;
        let namespace = pod.key.namespace.in_copy(|text| texts.share(text));
        Pod {
            key: PodKey { namespace, ..pod.key },
            owner: pod.owner.map(|owner| self.owners.share(owner)),
            node: pod.node.map(|node| node.in_copy(|text| texts.share(text))),
            resources: self.pod_requests.share(pod.resources),
            node_requirements: pod
                .node_requirements
                .map(|node_requirements| self.node_requirements.share(node_requirements)),
            ..pod
        }
    }

    /// An equal PE that shares what it can; what it has of its pod is shared already.
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
