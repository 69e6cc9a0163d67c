//! `NodeOverloaded`: the node is busier than load protection lets it be (legacy filter F8).

use super::super::case::{Candidate, Case, Given};
use crate::model::Rejection;

/// A job that overrides load protection goes anywhere.
pub(super) fn concerns(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.spec.override_load_protection
}

pub(super) fn check(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    candidate.info.overload.filter(|_| concerns(case, given)).map(Rejection::NodeOverloaded)
}
