//! `HostMismatch`: the node is not among the hosts that the PE names.

use super::super::case::{Candidate, Case, Given};
use crate::model::Rejection;

pub(super) fn concerns(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.spec.only.is_empty()
}

pub(super) fn check(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    let hosts = &given.spec.only;
    let is_named = hosts.is_empty() || hosts.iter().any(|host| candidate.node().answers_to(host));
    (!is_named).then_some(Rejection::HostMismatch)
}
