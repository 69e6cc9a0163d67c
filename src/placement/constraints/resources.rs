//! `InsufficientResources`: what the PE requests does not fit into what is allocatable and free.

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

pub(super) fn check(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let requests = &case.pe.pod.footprint.requests;
    if candidate.summary.free_pods == 0 {
        return Some(Refusal::InsufficientResources("pods".into(), 1, 0));
    }
    if candidate.summary.has_room_for(requests) {
        return None;
    }
    let lacking = candidate.node().allocatable.first_lacking(&candidate.row.requested, requests);
    lacking.map(|(resource, wanted, free)| Refusal::InsufficientResources(resource, wanted, free))
}
