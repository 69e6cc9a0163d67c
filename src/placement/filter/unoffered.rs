//! `NodeAffinityMismatch`: kube-scheduler does not ask about the node for the PE, although every rule known here lets the PE
//! go there. A volume, a device or an affinity between pods keeps the PE off.

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

/// kube-scheduler has not asked about some nodes.
pub(super) fn applies(state: &PreFilterState) -> bool {
    state.unoffered.is_some()
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let is_unoffered = state.unoffered.as_ref().is_some_and(|nodes| nodes.contains(node.index));
    is_unoffered.then_some(Rejection::NotOffered)
}
