//! Places a waiting pod of no policy as kube-scheduler's default profile would: such a pod takes room from PEs.
//!
//! Applied are the filters that a simulation knows, and the scores `LeastAllocated` and `NodeResourcesBalancedAllocation`
//! of `pkg/scheduler/framework/plugins/noderesources`. kube-scheduler breaks ties at random; here the first name wins.

use std::cmp::Reverse;

use crate::model::{HostPort, Node, NodeName, Pod, Resources, Shortage};
use crate::placement::{mismatch, volume_mismatch};
use crate::state::{NodeState, Snapshot};

/// The requests that kube-scheduler scores a pod with that has none: 100m of CPU and 200 MB of memory.
const UNREQUESTED_MILLICORES: u64 = 100;
const UNREQUESTED_BYTES: u64 = 200 * 1024 * 1024;

/// The node that the pod would be bound to; `None` where the pod would wait.
pub(super) fn choose_node(pod: &Pod, snapshot: &Snapshot) -> Option<NodeName> {
    let claims = snapshot.claim_topologies(pod);
    let candidates = snapshot.nodes().filter_map(|(_, state, _)| {
        let node = state.node.as_deref()?;
        let can_use_volumes = claims.iter().all(|claim| volume_mismatch(&claim.topology, node).is_none());
        (can_use_volumes && passes(pod, node, state))
            .then(|| (Reverse(score(pod, node, &state.requested)), &state.name))
    });
    candidates.min().map(|(_, name)| name.clone())
}

fn passes(pod: &Pod, node: &Node, state: &NodeState) -> bool {
    let requirements = pod.node_requirements.as_deref();
    node.schedulable
        && pod.first_untolerated(&node.taints).is_none()
        && requirements.is_none_or(|requirements| mismatch(requirements, node).is_none())
        && state.pods < node.pods
        && Shortage::first(&node.allocatable, &state.requested, &pod.resources.requests).is_none()
        && HostPort::first_taken(pod.host_ports(), &state.host_ports).is_none()
}

/// The sum of both scores, each from 0 to 100.
fn score(pod: &Pod, node: &Node, requested: &Resources) -> u64 {
    let own = &pod.resources.requests;
    let or = |requested: u64, unrequested: u64| if requested == 0 { unrequested } else { requested };
    let cpu = Share {
        used: requested.cpu.0.saturating_add(or(own.cpu.0, UNREQUESTED_MILLICORES)),
        of: node.allocatable.cpu.0,
    };
    let memory = Share {
        used: requested.memory.0.saturating_add(or(own.memory.0, UNREQUESTED_BYTES)),
        of: node.allocatable.memory.0,
    };
    let least_allocated = u64::midpoint(cpu.free_percent(), memory.free_percent());
    // With two resources the standard deviation of the used shares is half their difference.
    let balanced = 100_u64.saturating_sub(cpu.used_percent().abs_diff(memory.used_percent()).div_ceil(2));
    least_allocated.saturating_add(balanced)
}

/// How much of a resource of a node is used.
struct Share {
    used: u64,
    of: u64,
}

impl Share {
    fn free_percent(&self) -> u64 {
        percent(self.of.saturating_sub(self.used), self.of)
    }

    fn used_percent(&self) -> u64 {
        percent(self.used.min(self.of), self.of)
    }
}

fn percent(part: u64, of: u64) -> u64 {
    u64::try_from(u128::from(part) * 100 / u128::from(of.max(1))).unwrap_or(100)
}

#[cfg(test)]
#[path = "tests/kube_scheduler.rs"]
mod tests;
