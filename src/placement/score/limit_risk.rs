//! Risk by limits: how far the limits of the pods on a node exceed what the node can provide.

use crate::model::{CpuAndMemory, PodRequests};
use crate::state::Occupancy;

/// The risk by limits of a node with one more pod, from 0 (the node can provide every limit) to 1.
///
/// For CPU and for memory, let C be the allocatable amount, R the requests (at most C) and L the limits of all pods. The
/// risk is the share of the band between requests and limits that the node cannot provide: `(L - C) / (L - R)` where
/// `L > C`, else 0. The larger of both risks counts. The source is the limit risk of `LowRiskOverCommitment` in
/// kubernetes-sigs/scheduler-plugins.
///
/// A missing limit counts as the request, so pods without limits add no risk beyond their requests.
#[must_use]
pub(crate) fn limit_risk(node: &Occupancy, pod: &PodRequests) -> f64 {
    let (pod_requests, pod_limits) = (pod.requests.cpu_and_memory(), pod.limits.cpu_and_memory());
    let share = |of: fn(&CpuAndMemory) -> u64| {
        let capacity = of(&node.allocatable);
        let requests = of(&node.requested).saturating_add(of(&pod_requests)).min(capacity);
        let limits = of(&node.limits).saturating_add(of(&pod_limits));
        if limits <= capacity { 0.0 } else { ratio(limits - capacity, limits - requests) }
    };
    share(|amounts| amounts.cpu.0).max(share(|amounts| amounts.memory.0))
}

/// A quotient of two amounts; 0 where the divisor is 0.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a score needs far fewer than 53 bits")]
pub(in crate::placement) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
