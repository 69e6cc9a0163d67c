//! `PinnedElsewhere`: a PE that is not relocatable stays on the node of its first placement (legacy rule C8).

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

/// The PE is not relocatable.
pub(super) fn applies(state: &PreFilterState) -> bool {
    !state.spec.relocatable
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let previous = state.previous_node.as_ref().filter(|_| applies(state))?;
    (node.state.name != *previous).then(|| Rejection::PinnedElsewhere(previous.clone()))
}
