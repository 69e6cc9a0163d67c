//! `HostMismatch`: the node is not among the hosts that the PE names.

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

pub(super) fn check(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let hosts = &given.wishes.only;
    let named = hosts.is_empty() || hosts.iter().any(|host| candidate.node.answers_to(host));
    (!named).then_some(Refusal::HostMismatch)
}
