//! `OversubscriptionRisk`: the probability that the demand on the node passes its allocatable amount is above the ceiling of the
//! policy.

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

/// The policy has a ceiling, and demand is known.
pub(super) fn applies(state: &PreFilterState) -> bool {
    state.risk_limit.is_some()
}

/// Rejects a node whose risk with the PE, or with all waiting members of its bucket, is above the ceiling.
pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let limit = state.risk_limit.as_ref()?;
    let risk = node.snapshot.risk_with(&limit.added, node.index)?;
    if risk <= limit.ceiling.number() {
        return None;
    }
    let risk = node.snapshot.explain_risk_with(&limit.added, node.index)?;
    Some(Rejection::OversubscriptionRisk { risk: Box::new(risk), ceiling: limit.ceiling })
}
