//! `HostMismatch`: the node is not among the hosts that the PE names.

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

/// The PE names hosts.
pub(super) fn applies(state: &PreFilterState) -> bool {
    !state.spec.only.is_empty()
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let hosts = &state.spec.only;
    let is_named = hosts.is_empty() || hosts.iter().any(|host| node.node().answers_to(host));
    (!is_named).then_some(Rejection::HostMismatch)
}
