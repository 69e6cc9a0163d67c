//! The bound PEs of a job that must not share a node with one PE.

use std::sync::Arc;

use crate::model::{Pe, PlacementSpec};
use crate::state::{JobState, NodeIndex};

/// The bound PEs of a job that share an exlocation token with one PE, in the order of their nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct ExlocatedSiblings(Vec<(NodeIndex, Arc<Pe>)>);

impl ExlocatedSiblings {
    /// Looks up the siblings of `pe` in its job.
    pub(super) fn new(pe: &Pe, spec: &PlacementSpec, job: Option<&JobState>) -> Self {
        if spec.exlocation.is_empty() {
            return Self::default();
        }
        let mut siblings = Vec::new();
        for member in job.iter().flat_map(|job| &job.members) {
            let (Some(node), Ok(theirs)) = (member.node(), &member.pe.spec) else { continue };
            let shares_token = || theirs.exlocation.iter().any(|token| spec.exlocation.binary_search(token).is_ok());
            if member.pe.pod.key.uid != pe.pod.key.uid && shares_token() {
                siblings.push((node, Arc::clone(&member.pe)));
            }
        }
        siblings.sort_by_key(|(node, _)| *node);
        Self(siblings)
    }

    /// True where no such PE is bound.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first such PE on a node.
    pub(super) fn on_node(&self, index: NodeIndex) -> Option<&Pe> {
        let at = self.0.partition_point(|(node, _)| *node < index);
        self.0.get(at).filter(|(node, _)| *node == index).map(|(_, pe)| &**pe)
    }
}
