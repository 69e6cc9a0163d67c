//! `NodeOverloaded`: the load of the node is above the threshold of load protection (legacy filter F8).

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

/// The job does not override load protection.
pub(super) fn applies(state: &PreFilterState) -> bool {
    !state.spec.override_load_protection
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    node.info.overload.filter(|_| applies(state)).map(Rejection::NodeOverloaded)
}
