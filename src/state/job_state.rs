//! What a snapshot holds of a job.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::node_state::NodeIndex;
use crate::model::{NodeName, Pe, PodKey};

/// A job: its PEs that are not leaving, and where its PEs have been.
#[derive(Clone, Debug, Default)]
pub struct JobState {
    /// Bound and waiting PEs, the earliest created first, then in order of namespace, name and UID of their pods.
    pub members: Vec<Member>,
    /// Where PEs whose names outlive their pods were last bound, by name.
    pub previous_nodes: BTreeMap<Arc<str>, PreviousNode>,
}

/// Where a PE was last bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousNode {
    /// The node.
    pub node: NodeName,
    /// The lineage of the PE: see [`Pe::owner_uid`].
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

    /// The node that an earlier incarnation of a PE was bound to last.
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
    /// Where it is bound, or where we have committed to bind it.
    pub node: Option<NodeIndex>,
}
