//! Defaults of a pod, as `SetDefaults_Pod` of `pkg/apis/core/v1` sets them.

use serde_json::{Map, Value};

use super::json::{change_containers, object_in, spec_mut};

/// Copies each limit of a container to the request that is missing. In the host's network each container port is a host
/// port.
pub fn set_defaults(pod: &mut Value) {
    change_containers(pod, |_, container| {
        if let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) {
            copy_limits(resources);
        }
    });
    let uses_host_network = |spec: &mut Map<String, Value>| spec.get("hostNetwork") == Some(&Value::Bool(true));
    if spec_mut(pod).is_some_and(uses_host_network) {
        change_containers(pod, |_, container| {
            let ports = container.get_mut("ports").and_then(Value::as_array_mut);
            ports.into_iter().flatten().filter_map(Value::as_object_mut).for_each(open_on_the_host);
        });
    }
}

fn copy_limits(resources: &mut Map<String, Value>) {
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    if let Some(requests) = object_in(resources, "requests") {
        for (name, limit) in limits {
            requests.entry(name).or_insert(limit);
        }
    }
}

fn open_on_the_host(port: &mut Map<String, Value>) {
    let is_set = port.get("hostPort").and_then(Value::as_u64).is_some_and(|port| port > 0);
    if let Some(container_port) = port.get("containerPort").filter(|_| !is_set).cloned() {
        port.insert("hostPort".to_owned(), container_port);
    }
}
