//! `HostMismatch`: the node is not among the hosts that the PE names.

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

pub(super) fn concerns(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.wishes.only.is_empty()
}

pub(super) fn check(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let hosts = &given.wishes.only;
    let is_named = hosts.is_empty() || hosts.iter().any(|host| candidate.node().answers_to(host));
    (!is_named).then_some(Refusal::HostMismatch)
}
