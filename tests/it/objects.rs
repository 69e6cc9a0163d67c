//! Nodes and pods as the API server has them, and the questions about them.

use serde_json::{Value, json};

/// A node that is ready, with four cores.
pub(crate) fn node(name: &str) -> Value {
    json!({
        "kind": "Node", "apiVersion": "v1",
        "metadata": {"name": name, "uid": format!("node-{name}"), "labels": {"kubernetes.io/hostname": name}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

/// A PE of job `j` that waits.
pub(crate) fn pod(name: &str) -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "name": name, "namespace": "ns", "uid": format!("pod-{name}"), "resourceVersion": "1",
            "labels": {"outrigger.dev/job": "j", "outrigger.dev/pe": name},
            "annotations": {},
        },
        "spec": {"schedulerName": "outrigger", "containers": [
            {"name": "pe", "image": "pe:1", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}},
        ]},
        "status": {"phase": "Pending"},
    })
}

/// The question of filter and prioritize.
pub(crate) fn extender_args(pod: &Value, nodes: &[&str]) -> Value {
    json!({"Pod": pod, "Nodes": null, "NodeNames": nodes})
}

/// The question of bind.
pub(crate) fn binding_args(pod: &Value, node: &str) -> Value {
    let metadata = &pod["metadata"];
    json!({"PodName": metadata["name"], "PodNamespace": metadata["namespace"], "PodUID": metadata["uid"], "Node": node})
}

/// A review of the creation of a pod.
pub(crate) fn review(pod: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "review-1",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": "ns", "operation": "CREATE", "object": pod,
        },
    })
}
