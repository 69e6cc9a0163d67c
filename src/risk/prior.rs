//! The use of a pod of which only requests and limits are known.

use super::by_resource::ByResource;
use super::numbers::{number, whole};
use crate::model::PodRequests;

/// What a pod is expected to use of one resource, where nothing was observed: millicores or bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UsePrior {
    /// The expected use.
    pub(super) mean: u64,
    /// The standard deviation.
    pub(super) spread: u64,
}

/// The requests that a pod without any is counted with, as kube-scheduler scores such pods (`DefaultMilliCPURequest` and
/// `DefaultMemoryRequest` of `pkg/scheduler/util/pod_resources.go`): no data is not zero.
const UNREQUESTED: ByResource<u64> = ByResource { cpu: 100, memory: 200 << 20 };
/// Larger amounts are cut off, so that sums over all pods of a node are exact.
pub(super) const LARGEST_AMOUNT: u64 = 1 << 48;

impl UsePrior {
    /// The prior of a pod for each resource.
    pub(super) fn of_pod(resources: &PodRequests) -> ByResource<Self> {
        let (requests, limits) = (&resources.requests, &resources.limits);
        ByResource {
            cpu: Self::new(requests.cpu.0, limits.cpu.0, UNREQUESTED.cpu),
            memory: Self::new(requests.memory.0, limits.memory.0, UNREQUESTED.memory),
        }
    }

    /// The request r is the only statement about what a pod uses, and the limit l the only one about the most. The prior is
    /// the widest distribution around r, the uniform one, that reaches from nothing to 2·r, or up to l where that is more: its
    /// mean is r, and its standard deviation max(r, l - r) / √3.
    ///
    /// A missing limit counts as the request ([`PodRequests`]), so that also a pod whose limit is its request is as wide.
    fn new(request: u64, limit: u64, unrequested: u64) -> Self {
        let mean = if request == 0 { unrequested } else { request.min(LARGEST_AMOUNT) };
        let reach = limit.min(LARGEST_AMOUNT).saturating_sub(mean).max(mean);
        Self { mean, spread: whole(number(reach) / 3.0_f64.sqrt()) }
    }
}
