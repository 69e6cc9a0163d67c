//! PEs that could be placed now: for a process that has not seen what changed before it started.

use std::sync::Arc;

use super::super::decide::{Decision, Foresight};
use super::urgency::most_urgent_first;
use crate::model::Pe;
use crate::state::{NodeIndex, Snapshot};

/// The pending PEs that some node would take now, the most urgent first. Whether their gang is complete does not matter.
#[must_use]
pub fn placeable(snapshot: &Snapshot) -> Vec<&Arc<Pe>> {
    let nodes: Vec<NodeIndex> = snapshot.indexes().collect();
    let is_placeable = |pe: &&Arc<Pe>| {
        let decision = Decision::new(pe, snapshot, Foresight::Pending);
        nodes.iter().any(|index| decision.filter(*index).is_ok())
    };
    let pending = snapshot.jobs().flat_map(|(_, job)| &job.members).filter(|member| member.node.is_none());
    // kube-scheduler is about to try PEs that were created just now.
    let settled = pending.map(|member| &member.pe).filter(|pe| snapshot.is_settled(pe.pod.created));
    most_urgent_first(settled.filter(is_placeable).collect())
}
