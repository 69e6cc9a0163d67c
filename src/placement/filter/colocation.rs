//! `ColocationMismatch`: bound members of the bucket run on another node (legacy rule C4, filter F12).

use std::sync::Arc;

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

/// A member of the bucket is bound.
pub(super) fn applies(state: &PreFilterState) -> bool {
    !state.bucket.anchors.is_empty()
}

/// Rejects nodes without the bound members. Where members are bound to two nodes, every node is rejected.
pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let is_anchor = state.bucket.anchors.iter().all(|anchor| *anchor == node.index);
    (!is_anchor).then(|| Rejection::ColocationMismatch(Arc::clone(&state.bucket_nodes)))
}
