//! `PoolExclusiveToOtherJob` and `PoolNodeInUse`: exclusive pools hold both ways (legacy rule R5, filters F6 and F7).

use std::sync::Arc;

use super::super::case::{Candidate, Case, Given};
use crate::model::{HostChoice, Pe, PoolMode, Rejection};
use crate::state::Snapshot;

pub(super) fn check(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    let owned = || owner(case, candidate).map(|owner| Rejection::PoolExclusiveToOtherJob(owner.job.to_string()));
    let in_use = || user(case, given, candidate).map(|user| Rejection::PoolNodeInUse(user.job.to_string()));
    owned().or_else(in_use)
}

/// A PE of another job that has the node by an exclusive pool.
fn owner<'a>(case: &Case<'_>, candidate: Candidate<'a>) -> Option<&'a Arc<Pe>> {
    if !candidate.info.claimed {
        return None;
    }
    let mut claimants = candidate.state.claimants.iter();
    claimants.find(|other| other.job != case.pe.job && excludes(other, case.pe, case.snapshot))
}

/// A PE of another job on a node that the PE's own pool would have for itself.
fn user<'a>(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'a>) -> Option<&'a Arc<Pe>> {
    if !given.pool.is_some_and(|pool| pool.mode.is_exclusive()) {
        return None;
    }
    let reaches = |other: &Pe| given.spec.exclusive_scope.reaches(&case.pe.job, &other.job);
    candidate.state.pes.iter().find(|other| other.job != case.pe.job && reaches(other))
}

/// True when `owner` has its node by an exclusive pool whose scope reaches `other`.
pub(in super::super) fn excludes(owner: &Pe, other: &Pe, snapshot: &Snapshot) -> bool {
    let Ok(spec) = &owner.spec else { return false };
    let HostChoice::Pool(id) = &spec.hosts else { return false };
    spec.exclusive_scope.reaches(&owner.job, &other.job)
        && snapshot.pools().get(id).is_some_and(|pool| matches!(pool.mode, PoolMode::Exclusive(_)))
}
