//! The effective requests and limits of a pod.

use super::Resources;

/// Requests and limits of one container. A missing limit counts as the request (`docs/placement.md`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerResources {
    /// The requests.
    pub requests: Resources,
    /// The limits.
    pub limits: Resources,
    /// True for a native sidecar: an init container with `restartPolicy: Always`.
    pub sidecar: bool,
}

/// The effective requests and limits of a pod. Pods with equal ones share one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodRequests {
    /// The amounts that the scheduler reserves on the node.
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
    pub overhead: Resources,
    /// `spec.resources`: pod-level values replace the sum of the containers (KEP-2837).
    pub pod_level: Option<ContainerResources>,
}

impl PodResources {
    /// The effective requests and limits: the largest sum of what runs at one time (KEP-753).
    ///
    /// A plain init container runs with the sidecars that were started before it. All sidecars run with all application
    /// containers. The overhead is added to the largest sum.
    #[must_use]
    pub fn resources(&self) -> PodRequests {
        let mut resources = PodRequests {
            requests: self.peak(|container| &container.requests),
            limits: self.peak(|container| &container.limits),
        };
        if let Some(pod_level) = &self.pod_level {
            override_with(&mut resources.requests, &pod_level.requests);
            override_with(&mut resources.limits, &pod_level.limits);
        }
        resources.requests.add(&self.overhead);
        resources.limits.add(&self.overhead);
        resources.limits.maximum(&resources.requests.clone());
        resources
    }

    fn peak(&self, of: impl Fn(&ContainerResources) -> &Resources) -> Resources {
        let mut peak = Resources::default();
        let mut sidecars = Resources::default();
        for container in &self.init_containers {
            if container.sidecar {
                sidecars.add(of(container));
            } else {
                let mut now = sidecars.clone();
                now.add(of(container));
                peak.maximum(&now);
            }
        }
        let mut steady = sidecars;
        for container in &self.containers {
            steady.add(of(container));
        }
        peak.maximum(&steady);
        peak
    }
}

/// Pod-level values replace the sum of the containers for each resource that they name.
fn override_with(sum: &mut Resources, pod_level: &Resources) {
    if pod_level.cpu.0 > 0 {
        sum.cpu = pod_level.cpu;
    }
    if pod_level.memory.0 > 0 {
        sum.memory = pod_level.memory;
    }
}

#[cfg(test)]
#[path = "tests/pod_requests.rs"]
mod tests;
