//! What a pod as a whole asks of a node.

use super::Resources;

/// Requests and limits of one container. A missing limit counts as the request (`docs/placement.md`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerResources {
    /// What the scheduler sets aside.
    pub requests: Resources,
    /// What the container may use at most.
    pub limits: Resources,
    /// A native sidecar: an init container with `restartPolicy: Always`.
    pub sidecar: bool,
}

/// The effective requests and limits of a pod. Pods of one template have equal ones and share them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodRequests {
    /// What the scheduler sets aside on the node.
    pub requests: Resources,
    /// What the pod may use at most; never below the requests.
    pub limits: Resources,
}

/// The resource fields of a pod, from which its [`PodRequests`] follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodResources {
    /// Application containers.
    pub containers: Vec<ContainerResources>,
    /// Init containers in their order, native sidecars among them.
    pub init_containers: Vec<ContainerResources>,
    /// `spec.overhead`, from the runtime class.
    pub overhead: Resources,
    /// `spec.resources`: pod-level values take the place of the containers' sum (KEP-2837).
    pub pod_level: Option<ContainerResources>,
}

impl PodResources {
    /// Effective requests and limits: the largest of what runs at one time (KEP-753).
    ///
    /// For each plain init container: itself and the sidecars that were started before it. Then all sidecars and
    /// all application containers together. Overhead comes on top.
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
