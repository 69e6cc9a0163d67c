//! Nodes that kube-scheduler does not ask about for a PE, although every rule known here lets the PE go there: a volume, a
//! device, or an affinity between pods keeps the PE off. Plans of gangs and look-ahead leave such nodes to other PEs.

use std::sync::Arc;

use super::fold::Cluster;
use crate::model::PodUid;
use crate::state::NodeSet;

/// For how many pods such nodes are kept. The set of a pod has a bit for each node.
const CAPACITY: usize = 4_096;

impl Cluster {
    /// Notes the nodes that kube-scheduler did not ask about for a pod, in place of those noted before.
    pub fn note_unoffered(&mut self, uid: &PodUid, nodes: NodeSet) {
        let known = self.current.unoffered(uid);
        if known.map_or(nodes.is_empty(), |known| **known == nodes) || !self.pods.contains(uid.as_str()) {
            return;
        }
        self.current.version += 1;
        let unoffered = Arc::make_mut(&mut self.current.unoffered);
        if nodes.is_empty() {
            unoffered.remove(uid);
            return;
        }
        if unoffered.len() >= CAPACITY && !unoffered.contains_key(uid) {
            unoffered.pop_first();
        }
        unoffered.insert(uid.clone(), Arc::new(nodes));
    }

    /// Forgets the nodes of a pod that is gone or does not wait any more.
    pub(super) fn forget_unoffered(&mut self, uid: &PodUid) {
        if self.current.unoffered.contains_key(uid) {
            Arc::make_mut(&mut self.current.unoffered).remove(uid);
        }
    }
}

#[cfg(test)]
#[path = "tests/unoffered_nodes.rs"]
mod tests;
