//! Whom it concerns that nodes take PEs again: kube-scheduler sees nothing of it, and would not ask again by itself.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::case::Case;
use crate::model::{NodeName, Pe};
use crate::state::{NodeIndex, Snapshot};

/// Which nodes were overloaded at the last look.
#[derive(Debug, Default)]
pub struct Relief {
    busy: BTreeSet<NodeName>,
}

impl Relief {
    /// The PEs that wait and may go to a node that is no longer overloaded, as far as only the two are concerned: the
    /// most urgent first. Those that do not heed load protection did not wait for that.
    pub fn look<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
        let now = snapshot.nodes().filter(|(_, row, _)| row.overload.is_some());
        let before = std::mem::replace(&mut self.busy, now.map(|(_, row, _)| row.name.clone()).collect());
        let relieved: Vec<NodeIndex> =
            before.difference(&self.busy).filter_map(|name| snapshot.find(name.as_str())).collect();
        if relieved.is_empty() { Vec::new() } else { waiting_for(&relieved, snapshot) }
    }
}

fn waiting_for<'a>(nodes: &[NodeIndex], snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
    let waiting = snapshot.jobs().flat_map(|(_, job)| &job.members).filter(|member| member.node.is_none());
    let heeds = |pe: &Pe| pe.wishes.as_ref().is_ok_and(|wishes| !wishes.override_load_protection);
    let may = |pe: &Pe| {
        let case = Case::of_node(pe, snapshot);
        nodes.iter().any(|index| case.passes_by_itself(*index))
    };
    let mut concerned: Vec<&Arc<Pe>> = waiting.map(|member| &member.pe).filter(|pe| heeds(pe) && may(pe)).collect();
    concerned.sort_unstable_by_key(|pe| (Reverse(pe.priority), pe.created, &pe.pod));
    concerned
}
