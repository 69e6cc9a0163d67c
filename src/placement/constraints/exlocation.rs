//! `ExlocationConflict` and `ExlocationInfeasible`: PEs that share a token share no node (legacy rule C5, filter F13).

use super::super::case::{Candidate, Case, Given};
use super::super::look_ahead::LookAhead;
use crate::model::Rejection;

/// PEs with a shared token are bound.
pub(super) fn concerns(_: &Case<'_>, given: &Given<'_>) -> bool {
    given.siblings.are_apart()
}

/// PEs with a shared token wait, and there are not nodes enough for all.
pub(super) fn is_scarce(_: &Case<'_>, given: &Given<'_>) -> bool {
    given.look_ahead != LookAhead::default()
}

/// A PE of the job with a shared token is there.
pub(super) fn check(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    given.siblings.apart_on(candidate.index).map(|other| Rejection::ExlocationConflict(other.pod.key.to_string()))
}

/// Waiting PEs with a shared token need the node, or all that are left (case T10).
pub(super) fn looks_ahead(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    given.look_ahead.forbids(candidate.index).map(|token| Rejection::ExlocationInfeasible(token.clone()))
}
