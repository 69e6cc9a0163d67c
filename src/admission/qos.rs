//! The Guaranteed class of pods, which get exclusive cores from the static CPU manager and are evicted last.

use serde_json::Value;

use super::json;
use super::quantity::{Kind, amount, has_pod_level, written};

/// True if every container of the pod is [`is_guaranteed`]. A pod with pod-level resources is never reported as such.
pub(super) fn pod_is_guaranteed(pod: &Value) -> bool {
    let containers = json::list(pod, &["spec", "containers"]);
    let init_containers = json::list(pod, &["spec", "initContainers"]);
    !has_pod_level(pod) && !containers.is_empty() && containers.iter().chain(init_containers).all(is_guaranteed)
}

/// True if a container has limits for CPU and memory, and each request is absent or equal to its limit.
pub(super) fn is_guaranteed(container: &Value) -> bool {
    ["cpu", "memory"].into_iter().all(|resource| {
        let of = |kind| written(container, kind, resource);
        let Some(limit) = of(Kind::Limit).and_then(|text| amount(resource, &text)) else { return false };
        limit > 0 && of(Kind::Request).is_none_or(|text| amount(resource, &text) == Some(limit))
    })
}
