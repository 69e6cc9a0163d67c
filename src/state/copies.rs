//! One copy of what many pods and nodes have in common: most of what is known of a pod is known of its siblings too.

use std::sync::Arc;

use super::shared::Shared;
use crate::model::{Eligibility, Footprint, JobId, Node, NodeTags, Owner, Pe, Pod, PodKey, Wishes};

/// The copies in use.
#[derive(Debug, Default)]
pub(super) struct Copies {
    eligibilities: Shared<Eligibility>,
    footprints: Shared<Footprint>,
    owners: Shared<Owner>,
    tags: Shared<NodeTags>,
    texts: Shared<str>,
    wishes: Shared<Wishes>,
}

impl Copies {
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
            footprint: self.footprints.share(pod.footprint),
            eligibility: pod.eligibility.map(|eligibility| self.eligibilities.share(eligibility)),
            ..pod
        }
    }

    /// An equal PE that shares what it can; what it has of its pod is shared already.
    pub(super) fn pe(&mut self, pe: Pe) -> Pe {
        let texts = &mut self.texts;
        let JobId { namespace, name, generation } = pe.job;
        Pe {
            job: JobId { namespace, name: texts.share(name), generation: texts.share(generation) },
            wishes: pe.wishes.map(|wishes| self.wishes.share(wishes)),
            ..pe
        }
    }
}
