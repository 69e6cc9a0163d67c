//! The spread of a job: how many of its PEs run on each node.

use crate::state::{JobState, Member, NodeIndex};

/// The number of bound PEs of a job on each node, in the order of nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct JobSpread(Vec<(NodeIndex, usize)>);

impl JobSpread {
    pub(super) fn new(job: Option<&JobState>) -> Self {
        let mut nodes: Vec<NodeIndex> = job.iter().flat_map(|job| &job.members).filter_map(Member::node).collect();
        nodes.sort_unstable();
        Self(nodes.chunk_by(PartialEq::eq).filter_map(|same| Some((*same.first()?, same.len()))).collect())
    }

    /// How many PEs of the job run on a node.
    pub(super) fn on_node(&self, index: NodeIndex) -> usize {
        let found = self.0.binary_search_by_key(&index, |(node, _)| *node).ok();
        found.and_then(|at| self.0.get(at)).map_or(0, |(_, count)| *count)
    }
}
