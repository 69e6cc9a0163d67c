//! `ExlocationConflict` and `ExlocationInfeasible`: PEs that share a token share no node (legacy rule C5, filter F13).

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

/// A PE of the job with a shared token is there.
pub(super) fn check(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    given.siblings.apart_on(candidate.index).map(|other| Refusal::ExlocationConflict(other.pod.to_string()))
}

/// Waiting PEs with a shared token need the node, or all that are left (case T10).
pub(super) fn looks_ahead(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    given.look_ahead.forbids(candidate.index).map(|token| Refusal::ExlocationInfeasible(token.clone()))
}
