//! Support for the tests of the extender: encodes requests, and decodes responses.

mod golden;

use serde::Deserialize;
use serde_json::json;

/// The arguments of filter and prioritize for a PE with this annotation, as kube-scheduler encodes them.
pub(super) fn question(pod: &str, (key, value): (&str, &str), names: &[&str]) -> Vec<u8> {
    let metadata = json!({
        "name": pod, "namespace": crate::testing::NAMESPACE, "uid": pod, "resourceVersion": "1",
        "labels": {"outrigger.dev/job": "j"}, "annotations": {format!("outrigger.dev/{key}"): value},
    });
    let pod = json!({"metadata": metadata, "spec": {"containers": [{"resources": {"requests": {"cpu": "100m"}}}]}});
    serde_json::to_vec(&json!({"Pod": pod, "Nodes": null, "NodeNames": names})).unwrap()
}

/// Decodes a response as kube-scheduler does.
pub(super) fn answer<'a, T: Deserialize<'a>>(body: &'a [u8]) -> T {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)))
}
