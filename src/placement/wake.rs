//! Whom it concerns that nodes take PEs again: kube-scheduler sees nothing of it, and would not ask again by itself.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::case::Case;
use crate::model::{NodeName, Pe, StreamJobId};
use crate::state::{NodeIndex, Snapshot};

/// What kept PEs off nodes at the last look, by load protection.
#[derive(Debug, Default)]
pub struct Relief {
    /// The nodes that were overloaded.
    busy: BTreeSet<NodeName>,
    /// The jobs that did not heed that.
    overriding: BTreeSet<StreamJobId>,
}

impl Relief {
    /// The PEs that wait and may go to a node that load protection kept them off at the last look, as far as only the
    /// two are concerned: the most urgent first. The node is no longer overloaded, or their job overrides that now.
    pub fn look<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
        let overloaded = snapshot.nodes().filter(|(_, row, _)| row.overload.is_some());
        let overrides = snapshot.stream_jobs().values().filter(|job| job.override_load_protection);
        let now = Self {
            busy: overloaded.map(|(_, row, _)| row.name.clone()).collect(),
            overriding: overrides.map(|job| job.id.clone()).collect(),
        };
        let before = std::mem::replace(self, now);
        let index = |name: &NodeName| snapshot.find(name.as_str());
        let all: Vec<NodeIndex> = before.busy.iter().filter_map(index).collect();
        let relieved: Vec<NodeIndex> = before.busy.difference(&self.busy).filter_map(index).collect();
        let overriding: BTreeSet<&StreamJobId> = self.overriding.difference(&before.overriding).collect();
        if relieved.is_empty() && (all.is_empty() || overriding.is_empty()) {
            return Vec::new();
        }
        let waiting = snapshot.jobs().flat_map(|(_, job)| &job.members).filter(|member| member.node.is_none());
        let mut concerned: Vec<&Arc<Pe>> = waiting
            .map(|member| &member.pe)
            .filter(|pe| {
                let job = StreamJobId::from(&pe.job);
                // Who has overridden all along has waited for something else.
                !before.overriding.contains(&job)
                    && may_go(pe, if overriding.contains(&job) { &all } else { &relieved }, snapshot)
            })
            .collect();
        concerned.sort_unstable_by_key(|pe| (Reverse(pe.priority), pe.created, &pe.pod));
        concerned
    }
}

fn may_go(pe: &Pe, nodes: &[NodeIndex], snapshot: &Snapshot) -> bool {
    let case = Case::of_node(pe, snapshot);
    nodes.iter().any(|index| case.passes_by_itself(*index))
}
