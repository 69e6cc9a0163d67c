//! `InsufficientResources`: what the PE requests does not fit into what is allocatable and free.

use super::super::case::{Candidate, Case, Given};
use crate::model::Rejection;

pub(super) fn check(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    let requests = &case.pe.pod.resources.requests;
    if candidate.info.free_pods == 0 {
        return Some(Rejection::InsufficientResources("pods".into(), 1, 0));
    }
    if candidate.info.has_room_for(requests) {
        return None;
    }
    let lacking = candidate.node().allocatable.first_lacking(&candidate.state.requested, requests);
    lacking.map(|(resource, wanted, free)| Rejection::InsufficientResources(resource, wanted, free))
}
