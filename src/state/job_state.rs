//! What a snapshot holds of a job.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::node_state::NodeIndex;
use crate::model::{NodeName, Pe, PodKey};

/// A job: its PEs that are not leaving, and the previous nodes of its PEs.
#[derive(Clone, Debug, Default)]
pub struct JobState {
    /// Bound and waiting PEs, in the order of creation, then of namespace, name and UID of their pods.
    pub members: Vec<Member>,
    /// The nodes that PEs were last bound to, by name: those of PEs whose names outlive their pods.
    pub previous_nodes: BTreeMap<Arc<str>, PreviousNode>,
}

/// The node that a PE was last bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousNode {
    /// The node.
    pub node: NodeName,
    /// The owner of the pod: see [`Pe::owner_uid`].
    pub owner_uid: Arc<str>,
}

impl JobState {
    /// Counts a PE as a member.
    pub(super) fn join(&mut self, pe: &Arc<Pe>, node: Option<NodeIndex>) {
        fn order(pe: &Pe) -> (Timestamp, &PodKey) {
            (pe.pod.created, &pe.pod.key)
        }
        let at = self.members.partition_point(|member| order(&member.pe) < order(pe));
        self.members.insert(at, Member { pe: Arc::clone(pe), node });
    }

    /// The node that the last incarnation of a PE was bound to.
    #[must_use]
    pub fn previous_node(&self, pe: &Pe) -> Option<&NodeName> {
        let owner_uid = pe.owner_uid.as_ref()?;
        self.previous_nodes
            .get(&pe.name)
            .filter(|previous_node| previous_node.owner_uid == *owner_uid)
            .map(|previous_node| &previous_node.node)
    }
}

/// A PE of a job.
#[derive(Clone, Debug)]
pub struct Member {
    /// The PE.
    pub pe: Arc<Pe>,
    /// The node that its pod is bound to, or assumed on.
    pub node: Option<NodeIndex>,
}
