//! `InsufficientResources` too: a port of the node that the pod asks for is taken, as kube-scheduler's `NodePorts` says.

use super::super::case::{Candidate, Case, Given};
use crate::model::{HostPort, Rejection};

pub(super) fn concerns(case: &Case<'_>, _: &Given<'_>) -> bool {
    !case.pe.host_ports().is_empty()
}

pub(super) fn check(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    HostPort::first_taken(case.pe.host_ports(), &candidate.state.host_ports)
        .map(|port| Rejection::InsufficientResources(port.to_string().into(), 1, 0))
}
