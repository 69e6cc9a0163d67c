//! The bound PEs of a job by node: looked up once, instead of walking the PEs of every node.

use crate::model::{Pe, PlacementSpec};
use crate::state::{JobState, NodeIndex};

/// Where the other PEs of a PE's job are.
#[derive(Debug, Default)]
pub(super) struct Siblings<'a> {
    /// How many are on each node, in the order of nodes.
    counts: Vec<(NodeIndex, usize)>,
    /// Those that share an exlocation token with the PE, in the order of nodes.
    apart: Vec<(NodeIndex, &'a Pe)>,
}

impl<'a> Siblings<'a> {
    pub(super) fn of(pe: &Pe, spec: &PlacementSpec, job: Option<&'a JobState>) -> Self {
        let mut siblings = Self::default();
        for member in job.iter().flat_map(|job| &job.members) {
            let Some(node) = member.node else { continue };
            siblings.counts.push((node, 1));
            let theirs = member.pe.spec.as_ref().map_or(&[][..], |theirs| &theirs.exlocation);
            if member.pe.pod.key.uid != pe.pod.key.uid && spec.exlocation.iter().any(|token| theirs.contains(token)) {
                siblings.apart.push((node, &*member.pe));
            }
        }
        siblings.counts.sort_unstable();
        siblings.counts.dedup_by(|(later, more), (node, count)| {
            let same = later == node;
            *count += if same { *more } else { 0 };
            same
        });
        siblings.apart.sort_by_key(|(node, _)| *node);
        siblings
    }

    /// How many PEs of the job are on a node.
    pub(super) fn on(&self, index: NodeIndex) -> usize {
        let found = self.counts.binary_search_by_key(&index, |(node, _)| *node).ok();
        found.and_then(|at| self.counts.get(at)).map_or(0, |(_, count)| *count)
    }

    /// True when there are PEs that must not share a node with the PE.
    pub(super) fn are_apart(&self) -> bool {
        !self.apart.is_empty()
    }

    /// A PE on a node that must not share it.
    pub(super) fn apart_on(&self, index: NodeIndex) -> Option<&'a Pe> {
        let at = self.apart.partition_point(|(node, _)| *node < index);
        self.apart.get(at).filter(|(node, _)| *node == index).map(|(_, pe)| *pe)
    }
}
