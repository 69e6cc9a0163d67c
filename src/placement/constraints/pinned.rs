//! `PinnedElsewhere`: a PE that may not be relocated stays with the node of its first placement (legacy rule C8).

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

pub(super) fn concerns(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.wishes.relocatable
}

pub(super) fn check(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    if given.wishes.relocatable {
        return None;
    }
    let home = case.snapshot.job(&case.pe.job)?.home(case.pe)?;
    (candidate.row.name != *home).then(|| Refusal::PinnedElsewhere(home.clone()))
}
