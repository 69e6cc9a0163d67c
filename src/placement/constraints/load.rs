//! `NodeOverloaded`: the node is busier than load protection lets it be (legacy filter F8).

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

/// A job that overrides load protection goes anywhere.
pub(super) fn concerns(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.wishes.override_load_protection
}

pub(super) fn check(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    candidate.summary.overload.filter(|_| concerns(case, given)).map(Refusal::NodeOverloaded)
}
