//! `ExlocationConflict` and `ExlocationInfeasible`: PEs that share a token share no node (legacy rule C5, filter F13).

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

/// A PE of the job with a shared token is there.
pub(super) fn check(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let tokens = &given.wishes.exlocation;
    if tokens.is_empty() {
        return None;
    }
    candidate
        .row
        .pes
        .iter()
        .filter(|other| other.job == case.pe.job && other.pod.uid != case.pe.pod.uid)
        .find(|other| other.wishes.as_ref().is_ok_and(|theirs| tokens.iter().any(|t| theirs.exlocation.contains(t))))
        .map(|other| Refusal::ExlocationConflict(other.pod.to_string()))
}

/// Waiting PEs with a shared token need the node, or all that are left (case T10).
pub(super) fn looks_ahead(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    given.look_ahead.forbids(candidate.index).map(|token| Refusal::ExlocationInfeasible(token.clone()))
}
