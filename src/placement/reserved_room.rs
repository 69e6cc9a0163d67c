//! Keeps pods that are no PEs off the room that is reserved for PEs of a gang or bucket that has begun
//! (`docs/design.md`, D21).

use crate::model::{HostPort, Pod, Rejection, Shortage};
use crate::state::{NodeIndex, Snapshot};

/// The rejection of a node for a pod that is no PE: the pod does not fit beside the pods that the node is reserved for. A node
/// without reservations is left to kube-scheduler.
#[must_use]
pub(crate) fn reserved_room_rejection(pod: &Pod, index: NodeIndex, snapshot: &Snapshot) -> Option<Rejection> {
    let (info, state) = snapshot.info(index)?;
    if state.reserved_pods == 0 {
        return None;
    }
    let requests = &pod.resources.requests;
    let shortage = if info.free_pods == 0 {
        Some(Shortage::of_pods(1, 0))
    } else {
        Shortage::first(&info.node.allocatable, &state.requested, requests)
            .or_else(|| HostPort::first_taken(pod.host_ports(), &state.host_ports).map(Shortage::of_port))
    };
    shortage.map(Rejection::InsufficientResources)
}
