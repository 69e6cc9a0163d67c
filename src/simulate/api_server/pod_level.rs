//! Defaults of `spec.resources`, as `DefaultPodLevelResources` of `pkg/api/pod` sets them (KEP-2837).

use serde_json::{Map, Value};

use super::json::{amounts, containers, object_in, resources, spec_mut};
use crate::model::{ContainerResources, PodResources, RequestsAndLimits, ResourceList};

/// Completes the values for the whole pod, where the pod has one of them:
///
/// 1. limits of huge pages from the sum of the containers;
/// 2. requests of CPU and memory from the sum of the containers, and every other request from the limit;
/// 3. limits from the sum of the containers, where each container has one.
pub(super) fn set_defaults(pod: &mut Value) {
    let own = pod.pointer("/spec/resources").unwrap_or(&Value::Null);
    let (mut requests, mut limits) = (resources(own, "requests"), resources(own, "limits"));
    if !(requests.lists(|_| true) || limits.lists(|_| true)) {
        return;
    }
    let (sum_of_requests, sum_of_limits) = (sum_of_containers(pod, "requests"), sum_of_containers(pod, "limits"));
    limits.complete(&sum_of_limits, |name| is_huge_page(name) && requests.get(name).is_none());
    requests.complete(&sum_of_requests, is_shared);
    requests.complete(&limits.clone(), is_pod_level);
    let every_container_has = |name: &str| {
        containers(pod).all(|(_, container)| {
            let own = container.get("resources").unwrap_or(&Value::Null);
            amounts(own, "limits").any(|(known, _)| known == name)
        })
    };
    let mut raised = sum_of_limits;
    raised.maximum(&requests);
    limits.complete(&raised, |name| is_pod_level(name) && requests.get(name).is_some() && every_container_has(name));
    let own = spec_mut(pod).and_then(|spec| object_in(spec, "resources"));
    if let Some(own) = own {
        write(own, "requests", &requests);
        write(own, "limits", &limits);
    }
}

/// The sum of the containers, with the rule of [`PodResources`] for init containers.
pub(super) fn sum_of_containers(pod: &Value, member: &str) -> ResourceList {
    let (mut all, mut init_containers) = (Vec::new(), Vec::new());
    for (path, container) in containers(pod) {
        let own = container.get("resources").unwrap_or(&Value::Null);
        let spec = RequestsAndLimits { requests: resources(own, member), limits: ResourceList::default() };
        let sidecar = container.get("restartPolicy").and_then(Value::as_str) == Some("Always");
        let is_init = path.starts_with("spec.initContainers");
        let list = if is_init { &mut init_containers } else { &mut all };
        list.push(ContainerResources { spec, sidecar: is_init && sidecar, status: None });
    }
    PodResources { containers: all, init_containers, ..PodResources::default() }.sum_of_containers()
}

fn is_shared(name: &str) -> bool {
    matches!(name, "cpu" | "memory")
}

/// True for a resource that may have a value for the whole pod.
pub(super) fn is_pod_level(name: &str) -> bool {
    is_shared(name) || is_huge_page(name)
}

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Adds the amounts that are not written yet.
fn write(own: &mut Map<String, Value>, member: &str, amounts: &ResourceList) {
    if !amounts.lists(|_| true) {
        return;
    }
    if let Some(written) = object_in(own, member) {
        for (name, text) in amounts.texts() {
            written.entry(name).or_insert(Value::from(text));
        }
    }
}
