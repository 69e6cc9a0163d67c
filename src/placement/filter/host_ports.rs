//! `InsufficientResources` for ports: a pod on the node uses a host port of the PE, as in kube-scheduler's `NodePorts`.

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::{HostPort, Rejection, Shortage};

/// The pod asks for host ports.
pub(super) fn applies(state: &PreFilterState) -> bool {
    !state.pe.host_ports().is_empty()
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    HostPort::first_taken(state.pe.host_ports(), &node.state.host_ports)
        .map(|port| Rejection::InsufficientResources(Shortage::of_port(port)))
}
