//! `InsufficientResources`: the node's free allocatable resources are less than the requests of the PE, as in
//! kube-scheduler's `NodeResourcesFit`.

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::{Rejection, Shortage};

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let requests = &state.pe.pod.resources.requests;
    if node.info.free_pods == 0 {
        return Some(Rejection::InsufficientResources(Shortage::of_pods(1, 0)));
    }
    if node.info.has_room_for(requests) {
        return None;
    }
    let allocatable = &node.node().allocatable;
    let is_counted = |name: &str| state.listed_resources.is_counted(name);
    Shortage::first_counted(allocatable, &node.state.requested, requests, is_counted)
        .map(Rejection::InsufficientResources)
}
