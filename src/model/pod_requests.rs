//! The effective requests and limits of a pod, as `PodRequests` of `k8s.io/component-helpers` 1.37 computes them.

use super::{ResourceList, Resources};

/// The effective requests and limits of a pod. Pods with equal ones share one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodRequests {
    /// The amounts that kube-scheduler reserves on the node.
    pub requests: Resources,
    /// The amounts that the pod may use at most; never below the requests.
    pub limits: Resources,
}

/// The resource fields of a pod, from which its [`PodRequests`] follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodResources {
    /// Application containers.
    pub containers: Vec<ContainerResources>,
    /// Init containers in their order, including native sidecars.
    pub init_containers: Vec<ContainerResources>,
    /// `spec.overhead`, from the runtime class.
    pub overhead: ResourceList,
    /// `spec.resources`: values for the whole pod (KEP-2837).
    pub pod_level: RequestsAndLimits,
    /// The resources of a pod on a node, which differ from the spec while a resize is under way; `None` for a pod that
    /// waits for a node.
    pub status: Option<PodResourceStatus>,
}

/// The resources of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerResources {
    /// `resources` in the spec.
    pub spec: RequestsAndLimits,
    /// The status of the container; `None` where the kubelet has not written one.
    pub status: Option<ResourceStatus>,
    /// True for a native sidecar: an init container with `restartPolicy: Always`.
    pub sidecar: bool,
}

/// Requests and limits as a spec states them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestsAndLimits {
    /// The requests.
    pub requests: ResourceList,
    /// The limits.
    pub limits: ResourceList,
}

/// The resources of a pod on a node, as the kubelet reports them (KEP-1287, KEP-5419).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodResourceStatus {
    /// True where the kubelet has rejected the resize for good: condition `PodResizePending` with reason `Infeasible`.
    pub resize_is_infeasible: bool,
    /// The values for the whole pod.
    pub pod_level: ResourceStatus,
}

/// Resources of a container, or of a whole pod, as the kubelet reports them. `None` where a list is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceStatus {
    /// `allocatedResources`: the requests that the kubelet has reserved.
    pub allocated: Option<ResourceList>,
    /// `resources`: the values in force; `None` where the status has no such field.
    pub actual: Option<ActualResources>,
}

/// `resources` of a status: the values that are in force. `None` where a list is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActualResources {
    /// The requests.
    pub requests: Option<ResourceList>,
    /// The limits.
    pub limits: Option<ResourceList>,
}

impl PodResources {
    /// The effective requests and limits: the largest sum of what runs at one time (KEP-753).
    ///
    /// A plain init container runs with the sidecars that were started before it. All sidecars run with all application
    /// containers. Values for the whole pod replace the sum. The overhead is added to the largest sum.
    #[must_use]
    pub fn resources(&self) -> PodRequests {
        let mut requests = self.container_requests();
        requests.replace(&self.pod_level_requests(), is_pod_level);
        requests.add(&self.overhead);
        let mut limits = self.container_limits();
        limits.replace(&self.pod_level_limits(), is_pod_level);
        limits.add(&self.overhead);
        limits.maximum(&requests);
        PodRequests { requests: requests.counted(), limits: limits.counted() }
    }

    /// The requests of all containers of the spec, without values for the whole pod and overhead.
    #[must_use]
    pub fn sum_of_containers(&self) -> ResourceList {
        self.sum_at_peak(|container| container.spec.requests.clone())
    }

    /// While a resize is under way, kube-scheduler counts the largest of what is wanted, reserved and in force.
    fn container_requests(&self) -> ResourceList {
        let wanted = self.sum_of_containers();
        let Some(status) = &self.status else { return wanted };
        let whole_pod = (&status.pod_level.allocated, status.actual_requests());
        let (reserved, mut largest) = if let (Some(reserved), Some(in_force)) = whole_pod {
            (reserved.clone(), in_force.clone())
        } else {
            let infeasible = status.resize_is_infeasible;
            let reserved = self.sum_at_peak(|container| container.reserved(infeasible));
            (reserved, self.sum_at_peak(|container| container.requests_in_force(infeasible)))
        };
        largest.maximum(&reserved);
        if !status.resize_is_infeasible {
            largest.maximum(&wanted);
        }
        largest
    }

    fn pod_level_requests(&self) -> ResourceList {
        let wanted = &self.pod_level.requests;
        let Some(status) = self.status.as_ref().filter(|status| status.pod_level.actual.is_some()) else {
            return wanted.clone();
        };
        if !wanted.lists(is_pod_level) {
            return ResourceList::default();
        }
        let mut largest = if status.resize_is_infeasible { ResourceList::default() } else { wanted.clone() };
        for reported in [status.actual_requests(), status.pod_level.allocated.as_ref()].into_iter().flatten() {
            largest.maximum(reported);
        }
        largest
    }

    /// Limits of containers; a missing limit counts as the request (`docs/placement.md`).
    fn container_limits(&self) -> ResourceList {
        let wanted = self.sum_at_peak(ContainerResources::ceiling);
        let Some(status) = &self.status else { return wanted };
        let mut largest = match status.actual_limits() {
            Some(in_force) => in_force.clone(),
            None => self.sum_at_peak(|container| container.limits_in_force(status.resize_is_infeasible)),
        };
        if !status.resize_is_infeasible {
            largest.maximum(&wanted);
        }
        largest
    }

    fn pod_level_limits(&self) -> ResourceList {
        let wanted = &self.pod_level.limits;
        let Some(status) = self.status.as_ref().filter(|status| status.pod_level.actual.is_some()) else {
            return wanted.clone();
        };
        let mut largest = if status.resize_is_infeasible { ResourceList::default() } else { wanted.clone() };
        if let Some(in_force) = status.actual_limits() {
            largest.maximum(in_force);
        }
        largest
    }

    /// The largest sum of the amounts of containers that run at one time.
    fn sum_at_peak(&self, amounts: impl Fn(&ContainerResources) -> ResourceList) -> ResourceList {
        let mut peak = ResourceList::default();
        let mut sidecars = ResourceList::default();
        for container in &self.init_containers {
            if container.sidecar {
                sidecars.add(&amounts(container));
            } else {
                let mut now = amounts(container);
                now.add(&sidecars);
                peak.maximum(&now);
            }
        }
        let mut steady = sidecars;
        for container in &self.containers {
            steady.add(&amounts(container));
        }
        peak.maximum(&steady);
        peak
    }
}

impl PodResourceStatus {
    fn actual_requests(&self) -> Option<&ResourceList> {
        self.pod_level.actual.as_ref()?.requests.as_ref()
    }

    fn actual_limits(&self) -> Option<&ResourceList> {
        self.pod_level.actual.as_ref()?.limits.as_ref()
    }
}

impl ContainerResources {
    /// The requests that the kubelet has reserved. Without a report of the kubelet they are those of the spec, except
    /// where the kubelet has rejected the spec.
    fn reserved(&self, resize_is_infeasible: bool) -> ResourceList {
        match self.status.as_ref().and_then(|status| status.allocated.as_ref()) {
            Some(reserved) => reserved.clone(),
            None if resize_is_infeasible => ResourceList::default(),
            None => self.spec.requests.clone(),
        }
    }

    fn requests_in_force(&self, resize_is_infeasible: bool) -> ResourceList {
        let actual = self.status.as_ref().and_then(|status| status.actual.as_ref());
        match actual.and_then(|actual| actual.requests.as_ref()) {
            Some(in_force) => in_force.clone(),
            None => self.reserved(resize_is_infeasible),
        }
    }

    fn limits_in_force(&self, resize_is_infeasible: bool) -> ResourceList {
        let actual = self.status.as_ref().and_then(|status| status.actual.as_ref());
        match actual.and_then(|actual| actual.limits.as_ref()) {
            Some(in_force) => {
                let mut ceiling = in_force.clone();
                ceiling.maximum(&self.requests_in_force(resize_is_infeasible));
                ceiling
            }
            None if resize_is_infeasible => ResourceList::default(),
            None => self.ceiling(),
        }
    }

    /// The limits of the spec; a missing limit counts as the request.
    fn ceiling(&self) -> ResourceList {
        let mut ceiling = self.spec.limits.clone();
        ceiling.maximum(&self.spec.requests);
        ceiling
    }
}

/// True for a resource that may have a value for the whole pod.
fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

#[cfg(test)]
#[path = "tests/pod_requests.rs"]
mod tests;
