//! What a snapshot holds of a job.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::node_row::NodeIndex;
use crate::model::{NodeName, Pe, PodKey};

/// A job: its PEs that are not leaving, and where its PEs have been.
#[derive(Clone, Debug, Default)]
pub struct JobRow {
    /// Bound and waiting PEs, the earliest created first, then in order of namespace, name and UID of their pods.
    pub members: Vec<Member>,
    /// Where PEs whose names outlive their pods were last bound, by name.
    pub homes: BTreeMap<Arc<str>, Home>,
}

/// Where a PE was last bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The node.
    pub node: NodeName,
    /// The lineage of the PE: see [`Pe::lineage`].
    pub lineage: Arc<str>,
}

impl JobRow {
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
    pub fn home(&self, pe: &Pe) -> Option<&NodeName> {
        let lineage = pe.lineage.as_ref()?;
        self.homes.get(&pe.name).filter(|home| home.lineage == *lineage).map(|home| &home.node)
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
