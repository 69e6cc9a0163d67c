//! `NodeHoldsIsolatedPe` and `IsolatedPeNeedsEmptyNode`: an isolated PE shares its node with no PE within its scope,
//! whichever is placed first (legacy filters F9 and F10).

use std::sync::Arc;

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::{Pe, Rejection};

/// Rejects a node that runs an isolated PE whose scope reaches this PE.
pub(super) fn holds_isolated_pe(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    if !node.info.claimed {
        return None;
    }
    let isolation = |other: &Pe| other.spec.as_ref().ok().and_then(|spec| spec.isolation);
    others(state, &node.state.claimants)
        .find(|other| isolation(other).is_some_and(|scope| scope.reaches(&other.job, &state.pe.job)))
        .map(|other| Rejection::NodeHoldsIsolatedPe(other.pod.key.clone()))
}

/// This PE is isolated.
pub(super) fn is_isolated(state: &PreFilterState) -> bool {
    state.spec.isolation.is_some()
}

/// Rejects a node that runs a PE within the scope of this isolated PE.
pub(super) fn holds_other_pe(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let scope = state.spec.isolation?;
    others(state, &node.state.pes)
        .find(|other| scope.reaches(&state.pe.job, &other.job))
        .map(|other| Rejection::IsolatedPeNeedsEmptyNode(other.pod.key.clone()))
}

fn others<'a>(state: &'a PreFilterState, pes: &'a [Arc<Pe>]) -> impl Iterator<Item = &'a Pe> {
    pes.iter().map(|pe| &**pe).filter(|other| other.pod.key.uid != state.pe.pod.key.uid)
}
