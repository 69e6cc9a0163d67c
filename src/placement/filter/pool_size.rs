//! `PoolTooSmall` and `PoolIndexElsewhere`: each job gets `size` nodes of a sized pool (legacy rules R3 and R6, filter F14).

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

/// The job has no node of the sized pool yet.
pub(super) fn is_unallocated(state: &PreFilterState) -> bool {
    state.qualifying.is_some()
}

/// The pool has a size.
pub(super) fn is_sized(state: &PreFilterState) -> bool {
    state.pool_size().is_some()
}

/// Rejects every node where fewer nodes qualify than the pool's size. Jobs with an allocation are exempt, so that a PE can
/// be replaced while another node of the pool is out of service.
pub(super) fn enough_qualify(state: &PreFilterState, _: NodeView<'_>) -> Option<Rejection> {
    let size = state.pool_size()?;
    state
        .qualifying
        .filter(|qualifying| *qualifying < size)
        .map(|qualifying| Rejection::PoolTooSmall { qualifying, size })
}

/// Rejects nodes outside a full allocation, and nodes of another index of the pool.
pub(super) fn within_allocation(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let size = state.pool_size()?;
    let allocation = &state.allocation;
    let is_outside = allocation.nodes.len() >= size && !allocation.nodes.contains(&node.index);
    let is_misplaced = state.spec.pool_index.is_some_and(|own| {
        let is_here = |at| at == node.index;
        allocation.indexed.iter().any(|&(index, at)| (index == own) != is_here(at))
    });
    (is_outside || is_misplaced).then_some(Rejection::PoolIndexElsewhere)
}
