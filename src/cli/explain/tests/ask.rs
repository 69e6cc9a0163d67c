use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use super::{explain_path, leader};

fn pod(name: &str, phase: &str) -> Pod {
    serde_json::from_value(json!({"metadata": {"name": name}, "status": {"phase": phase}})).unwrap()
}

#[test]
fn the_running_holder_of_the_lease_is_asked_else_any_that_runs() {
    let pods = [pod("s-2", "Running"), pod("s-1", "Running"), pod("s-3", "Pending"), pod("s-22", "Running")];
    for (holder, expected) in
        [("s-2_9f1c", "s-2"), ("s-22_9f1c", "s-22"), ("s-2", "s-2"), ("s-3_9f1c", "s-1"), ("", "s-1")]
    {
        assert_eq!(leader(&pods, holder), Some(expected), "{holder}");
    }
    let mut leaving = pod("s-1", "Running");
    leaving.metadata.deletion_timestamp = serde_json::from_value(json!("2026-11-24T12:00:00Z")).unwrap();
    assert_eq!(leader(&[leaving, pod("s-3", "Failed")], "s-1_9f1c"), None);
}

#[test]
fn names_that_no_pod_can_have_are_not_asked_for() {
    assert_eq!(explain_path("streams", "clicks-0.1").unwrap(), "/explain/pods/streams/clicks-0.1");
    for (namespace, name) in [("streams", "a/b"), ("", "a"), ("streams", ""), ("streams", "A"), ("a?b", "c")] {
        assert!(explain_path(namespace, name).is_err(), "{namespace} {name}");
    }
}
