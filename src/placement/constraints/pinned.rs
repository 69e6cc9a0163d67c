//! `PinnedElsewhere`: a PE that may not be relocated stays with the node of its first placement (legacy rule C8).

use super::super::case::{Candidate, Case, Given};
use crate::model::Rejection;

pub(super) fn concerns(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.spec.relocatable
}

pub(super) fn check(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    if given.spec.relocatable {
        return None;
    }
    let previous_node = case.snapshot.job(&case.pe.job)?.previous_node(case.pe)?;
    (candidate.state.name != *previous_node).then(|| Rejection::PinnedElsewhere(previous_node.clone()))
}
