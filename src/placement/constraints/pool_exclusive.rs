//! `PoolExclusiveToOtherJob` and `PoolNodeInUse`: exclusive pools hold both ways (legacy rule R5, filters F6 and F7).

use std::sync::Arc;

use super::super::case::{Candidate, Case, Given};
use crate::model::{HostChoice, Pe, PoolMode, Refusal, Wishes};
use crate::state::Snapshot;

pub(super) fn check(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let stranger = |other: &&Arc<Pe>| other.job != case.pe.job;
    let owner = candidate.row.claimants.iter().filter(stranger).find(|other| excludes(other, case.pe, case.snapshot));
    if let Some(owner) = owner {
        return Some(Refusal::PoolExclusiveToOtherJob(owner.job.to_string()));
    }
    if !given.pool.is_some_and(|pool| pool.mode.is_exclusive()) {
        return None;
    }
    let mut strangers = candidate.row.pes.iter().filter(stranger);
    strangers
        .find(|other| given.wishes.exclusive_scope.reaches(&case.pe.job, &other.job))
        .map(|other| Refusal::PoolNodeInUse(other.job.to_string()))
}

/// True when `owner` has its node by an exclusive pool whose scope reaches `other`.
fn excludes(owner: &Pe, other: &Pe, snapshot: &Snapshot) -> bool {
    let Ok(Wishes { hosts: HostChoice::Pool(id), exclusive_scope, .. }) = &owner.wishes else { return false };
    exclusive_scope.reaches(&owner.job, &other.job)
        && snapshot.pools().get(id).is_some_and(|pool| matches!(pool.mode, PoolMode::Exclusive(_)))
}
