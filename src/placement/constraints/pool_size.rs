//! `PoolTooSmall` and `PoolIndexElsewhere`: a sized pool gives each job `size` nodes (legacy rules R3 and R6, filter F14).

use super::super::case::{Candidate, Case, Given};
use crate::model::Rejection;

/// The job has chosen no node of the pool yet.
pub(super) fn is_unchosen(_: &Case<'_>, given: &Given<'_>) -> bool {
    given.qualifying.is_some()
}

/// The pool has a size.
pub(super) fn is_sized(_: &Case<'_>, given: &Given<'_>) -> bool {
    given.pool.is_some_and(|pool| pool.mode.size().is_some())
}

/// Fewer nodes qualify than the pool's size, whoever uses them. A job that has begun to choose keeps what it has, so that
/// a node that is taken out of service stops no replacement on the others.
pub(super) fn enough_qualify(_: &Case<'_>, given: &Given<'_>, _: Candidate<'_>) -> Option<Rejection> {
    let size = given.pool?.mode.size()?;
    given.qualifying.filter(|qualifying| *qualifying < size).map(|qualifying| Rejection::PoolTooSmall(qualifying, size))
}

/// The job has chosen its nodes, and this is none of them; or the node is another place of the pool than the PE's.
pub(super) fn within_allocation(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    let size = given.pool?.mode.size()?;
    let allocation = &given.allocation;
    let chosen = allocation.nodes.len() >= size && !allocation.nodes.contains(&candidate.index);
    let misplaced = given.spec.pool_index.is_some_and(|own| {
        let here = |node| node == candidate.index;
        allocation.places.iter().any(|&(place, node)| (place == own) != here(node))
    });
    (chosen || misplaced).then_some(Rejection::PoolIndexElsewhere)
}
