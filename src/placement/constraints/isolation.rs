//! `NodeHoldsIsolatedPe` and `IsolatedPeNeedsEmptyNode`: isolation holds both ways (legacy filters F9 and F10).

use std::sync::Arc;

use super::super::case::{Candidate, Case, Given};
use crate::model::{Pe, Refusal, Scope};

/// An isolated PE is there whose scope reaches this PE.
pub(super) fn held(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    if !candidate.summary.claimed {
        return None;
    }
    let isolation = |other: &Pe| other.wishes.as_ref().ok().and_then(|wishes| wishes.isolation);
    others(case, &candidate.row.claimants)
        .find(|other| isolation(other).is_some_and(|scope| scope.reaches(&other.job, &case.pe.job)))
        .map(|other| Refusal::NodeHoldsIsolatedPe(other.pod.key.to_string()))
}

pub(super) fn is_wanted(_: &Case<'_>, given: &Given<'_>) -> bool {
    given.wishes.isolation.is_some()
}

/// This PE is isolated, and a PE within its scope is there.
pub(super) fn wanted(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let scope: Scope = given.wishes.isolation?;
    others(case, &candidate.row.pes)
        .find(|other| scope.reaches(&case.pe.job, &other.job))
        .map(|other| Refusal::IsolatedPeNeedsEmptyNode(other.pod.key.to_string()))
}

fn others<'a>(case: &'a Case<'_>, pes: &'a [Arc<Pe>]) -> impl Iterator<Item = &'a Pe> {
    pes.iter().map(|pe| &**pe).filter(|other| other.pod.key.uid != case.pe.pod.key.uid)
}
