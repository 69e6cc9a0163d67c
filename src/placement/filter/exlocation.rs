//! `ExlocationConflict`: a PE of the job with a shared exlocation token runs on the node (legacy rule C5, filter F13).

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

/// A PE with a shared token is bound.
pub(super) fn applies(state: &PreFilterState) -> bool {
    !state.exlocated.is_empty()
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    state.exlocated.on_node(node.index).map(|other| Rejection::ExlocationConflict(other.pod.key.clone()))
}
