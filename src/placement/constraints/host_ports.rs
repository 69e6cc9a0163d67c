//! `InsufficientResources` too: a port of the node that the pod asks for is taken, as kube-scheduler's `NodePorts` says.

use super::super::case::{Candidate, Case, Given};
use crate::model::{HostPort, Refusal};

pub(super) fn check(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let wanted = &case.pe.eligibility.as_ref()?.host_ports;
    HostPort::first_taken(wanted, &candidate.row.host_ports)
        .map(|port| Refusal::InsufficientResources(port.to_string().into(), 1, 0))
}
