//! `NodeHoldsIsolatedPe` and `IsolatedPeNeedsEmptyNode`: isolation holds both ways (legacy filters F9 and F10).

use std::sync::Arc;

use super::super::case::{Candidate, Case, Given};
use crate::model::{Pe, Rejection, Scope};

/// An isolated PE is there whose scope reaches this PE.
pub(super) fn held(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    if !candidate.info.claimed {
        return None;
    }
    let isolation = |other: &Pe| other.spec.as_ref().ok().and_then(|spec| spec.isolation);
    others(case, &candidate.state.claimants)
        .find(|other| isolation(other).is_some_and(|scope| scope.reaches(&other.job, &case.pe.job)))
        .map(|other| Rejection::NodeHoldsIsolatedPe(other.pod.key.to_string()))
}

pub(super) fn is_wanted(_: &Case<'_>, given: &Given<'_>) -> bool {
    given.spec.isolation.is_some()
}

/// This PE is isolated, and a PE within its scope is there.
pub(super) fn wanted(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    let scope: Scope = given.spec.isolation?;
    others(case, &candidate.state.pes)
        .find(|other| scope.reaches(&case.pe.job, &other.job))
        .map(|other| Rejection::IsolatedPeNeedsEmptyNode(other.pod.key.to_string()))
}

fn others<'a>(case: &'a Case<'_>, pes: &'a [Arc<Pe>]) -> impl Iterator<Item = &'a Pe> {
    pes.iter().map(|pe| &**pe).filter(|other| other.pod.key.uid != case.pe.pod.key.uid)
}
