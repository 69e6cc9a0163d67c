//! Requeues every PE that could be placed now. A process that starts does not know which changes it has missed.

use std::sync::Arc;

use super::super::decide::{Foresight, PlacementDecision};
use super::urgency::most_urgent_first;
use crate::model::Pe;
use crate::state::{NodeIndex, Snapshot};

/// The pending PEs for which some node passes, gangs left aside, the most urgent first.
#[must_use]
pub fn placeable(snapshot: &Snapshot) -> Vec<&Arc<Pe>> {
    let nodes: Vec<NodeIndex> = snapshot.indexes().collect();
    let pending = snapshot.jobs().flat_map(|(_, job)| &job.members).filter(|member| member.is_unbound());
    // kube-scheduler is about to schedule PEs that were created just now.
    let settled = pending.map(|member| &member.pe).filter(|pe| snapshot.is_settled(&pe.pod));
    most_urgent_first(settled.filter(|pe| is_placeable(pe, &nodes, snapshot)).collect())
}

/// True where one of these nodes passes for a pending PE, gangs left aside.
pub(super) fn is_placeable(pe: &Arc<Pe>, nodes: &[NodeIndex], snapshot: &Snapshot) -> bool {
    let snapshot = snapshot.prepare_for(pe);
    let decision = PlacementDecision::new(pe, &snapshot, Foresight::Pending);
    nodes.iter().any(|index| decision.filter(*index).is_ok())
}
