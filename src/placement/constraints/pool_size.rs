//! `PoolTooSmall` and `PoolIndexElsewhere`: a sized pool gives each job `size` nodes (legacy rule R3).

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

/// Fewer nodes qualify than the pool's size, whoever uses them.
pub(super) fn enough_qualify(_: &Case<'_>, given: &Given<'_>, _: Candidate<'_>) -> Option<Refusal> {
    let size = given.pool?.mode.size()?;
    (given.qualifying < size).then_some(Refusal::PoolTooSmall(given.qualifying, size))
}

/// The job has chosen its nodes, and this is none of them.
pub(super) fn within_allocation(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let size = given.pool?.mode.size()?;
    let chosen = given.allocation.len() >= size;
    (chosen && !given.allocation.contains(&candidate.index)).then_some(Refusal::PoolIndexElsewhere)
}
