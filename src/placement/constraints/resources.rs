//! `InsufficientResources`: what the PE requests does not fit into what is allocatable and free.

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

pub(super) fn check(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let Candidate { row, node, .. } = candidate;
    if row.pods >= node.pods {
        return Some(Refusal::InsufficientResources("pods".into(), 1, 0));
    }
    node.allocatable
        .first_lacking(&row.requested, &case.pe.footprint.requests)
        .map(|(resource, wanted, free)| Refusal::InsufficientResources(resource, wanted, free))
}
