//! `PoolExclusiveToOtherJob` and `PoolNodeInUse`: jobs do not share a node of an exclusive pool, whichever is placed first
//! (legacy rule R5, filters F6 and F7).

use std::sync::Arc;

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::{HostChoice, Pe, Pools, Rejection};

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let owned = || owner(state, node).map(|owner| Rejection::PoolExclusiveToOtherJob(owner.job.clone()));
    let in_use = || user(state, node).map(|user| Rejection::PoolNodeInUse(user.job.clone()));
    owned().or_else(in_use)
}

/// A PE of another job that holds the node by an exclusive pool.
fn owner<'a>(state: &PreFilterState, node: NodeView<'a>) -> Option<&'a Arc<Pe>> {
    if !node.info.claimed {
        return None;
    }
    let mut claimants = node.state.claimants.iter();
    claimants.find(|other| other.job != state.pe.job && excludes(other, &state.pe, &state.pools))
}

/// A PE of another job on the node, where the PE's own pool is exclusive.
fn user<'a>(state: &PreFilterState, node: NodeView<'a>) -> Option<&'a Arc<Pe>> {
    if !state.pool.as_ref().is_some_and(|pool| pool.mode.is_exclusive()) {
        return None;
    }
    let reaches = |other: &Pe| state.spec.exclusive_scope.reaches(&state.pe.job, &other.job);
    node.state.pes.iter().find(|other| other.job != state.pe.job && reaches(other))
}

/// True where `owner` holds its node by an exclusive pool whose scope reaches `other`.
pub(in crate::placement) fn excludes(owner: &Pe, other: &Pe, pools: &Pools) -> bool {
    // The pool may be gone, or another pool may have its name.
    if owner.exclusive_hold.is_some_and(|scope| scope.reaches(&owner.job, &other.job)) {
        return true;
    }
    let Ok(spec) = &owner.spec else { return false };
    let HostChoice::Pool(id) = &spec.hosts else { return false };
    spec.exclusive_scope.reaches(&owner.job, &other.job) && pools.get(id).is_some_and(|pool| pool.mode.is_exclusive())
}
