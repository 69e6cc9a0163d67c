//! `InsufficientResources`: the requests of the PE do not fit into what is allocatable and free, as in kube-scheduler's
//! `NodeResourcesFit`.

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let requests = &state.pe.pod.resources.requests;
    if node.info.free_pods == 0 {
        return Some(Rejection::InsufficientResources("pods".into(), 1, 0));
    }
    if node.info.has_room_for(requests) {
        return None;
    }
    let lacking = node.node().allocatable.first_lacking(&node.state.requested, requests);
    lacking.map(|(resource, requested, free)| Rejection::InsufficientResources(resource, requested, free))
}
