//! `RestrictedTag`: the node is closed to PEs that do not ask for its restricting tags (legacy filter F4).

use super::super::case::{Candidate, Case, Given, asked_tags, closed_by};
use crate::model::Rejection;

pub(super) fn check(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    closed_by(asked_tags(given.spec, given.pool), &candidate.info.tags).map(|tag| Rejection::RestrictedTag(tag.clone()))
}
