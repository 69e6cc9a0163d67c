//! The status of a pod counts for its requests once the pod is on a node.

use serde_json::{Value, json};

use super::PodObject;
use crate::model::Pod;

fn pod(node: Option<&str>) -> Value {
    json!({
        "metadata": {"name": "a", "namespace": "ns"},
        "spec": {
            "nodeName": node,
            "initContainers": [{"name": "side", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}}],
            "containers": [{"name": "pe", "resources": {"requests": {"cpu": "1"}}}],
        },
        "status": {
            "initContainerStatuses": [{"name": "side", "allocatedResources": {"cpu": "2"}}],
            "containerStatuses": [
                {"name": "pe", "allocatedResources": {"cpu": "1"}, "resources": {"requests": {"cpu": "3"}}},
            ],
        },
    })
}

fn cpu(pod: Value) -> u64 {
    let object: PodObject = serde_json::from_value(pod).unwrap();
    Pod::try_from(&object).unwrap().resources.requests.cpu.0
}

#[test]
fn the_status_counts_for_a_pod_on_a_node_only() {
    assert_eq!(cpu(pod(Some("n1"))), 5_000, "2 of the sidecar and 3 that are in force");
    assert_eq!(cpu(pod(None)), 2_000);
}

#[test]
fn the_first_resize_condition_decides_whether_the_kubelet_has_rejected_the_resize() {
    let with = |conditions: Value| {
        let mut pod = pod(Some("n1"));
        pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!("100");
        pod["status"]["conditions"] = conditions;
        cpu(pod)
    };
    let pending = |reason: &str| json!({"type": "PodResizePending", "status": "True", "reason": reason});
    assert_eq!(with(json!([{"type": "Ready"}, pending("Infeasible")])), 5_000);
    assert_eq!(with(json!([pending("Deferred")])), 101_000, "of the spec");
    assert_eq!(with(json!([pending("Deferred"), pending("Infeasible")])), 101_000);
}

#[test]
fn resources_of_the_whole_pod_are_read_from_spec_and_status() {
    let mut whole = pod(Some("n1"));
    whole["spec"]["resources"] = json!({"requests": {"cpu": "4"}});
    assert_eq!(cpu(whole.clone()), 4_000);
    whole["status"]["resources"] = json!({"requests": {"cpu": "6"}});
    whole["status"]["allocatedResources"] = json!({"cpu": "5"});
    assert_eq!(cpu(whole), 6_000);
}

#[test]
fn gates_of_others_hold_a_pod_and_the_gate_of_outrigger_does_not() {
    let is_gated = |gates: Value| {
        let object = json!({"metadata": {"name": "a"}, "spec": {"schedulingGates": gates}});
        Pod::try_from(&serde_json::from_value::<PodObject>(object).unwrap()).unwrap().is_gated
    };
    let gate = |name: &str| json!({"name": name});
    assert!(!is_gated(json!(null)) && !is_gated(json!([])) && !is_gated(json!([gate("outrigger.dev/plan")])));
    assert!(is_gated(json!([gate("kueue.x-k8s.io/admission")])));
    assert!(is_gated(json!([gate("outrigger.dev/plan"), gate("kueue.x-k8s.io/admission")])));
}

#[test]
fn claims_are_those_of_claims_and_of_generic_ephemeral_volumes() {
    let claims = |volumes: Value| {
        let object = json!({"metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "spec": {"volumes": volumes}});
        let object: PodObject = serde_json::from_value(object).unwrap();
        let claims = Pod::try_from(&object).unwrap().claims;
        claims.map(|claims| claims.iter().map(|claim| (claim.name.to_string(), claim.is_ephemeral)).collect::<Vec<_>>())
    };
    let volumes = json!([
        {"name": "config", "configMap": {"name": "c"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-p-0", "readOnly": true}},
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
    ]);
    assert_eq!(claims(volumes), Some(vec![("data-p-0".to_owned(), false), ("p-scratch".to_owned(), true)]));
    assert_eq!(claims(json!([{"name": "config", "configMap": {"name": "c"}}])), None);
    assert_eq!(claims(json!(null)), None);
}

#[test]
fn filters_of_kube_scheduler_that_are_not_read_are_known_to_be_there() {
    let has = |spec: Value| {
        let object = json!({"metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "spec": spec});
        Pod::try_from(&serde_json::from_value::<PodObject>(object).unwrap()).unwrap().has_unread_filters
    };
    let term = json!([{"topologyKey": "zone", "labelSelector": {}}]);
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    let spread = |when: &str| json!({"topologySpreadConstraints": [{"whenUnsatisfiable": when}]});
    for (spec, expected) in [
        (json!({}), false),
        (json!({"resourceClaims": []}), false),
        (json!({"resourceClaims": [{"name": "gpu", "resourceClaimName": "c"}]}), true),
        (json!({"affinity": {"podAffinity": {required: term}}}), true),
        (json!({"affinity": {"podAntiAffinity": {required: term}}}), true),
        (json!({"affinity": {"podAntiAffinity": {required: [], preferred: [{"weight": 1}]}}}), false),
        (json!({"affinity": {"nodeAffinity": {required: {"nodeSelectorTerms": []}}}}), false),
        (spread("DoNotSchedule"), true),
        (spread("ScheduleAnyway"), false),
    ] {
        assert_eq!(has(spec.clone()), expected, "{spec}");
    }
}

#[test]
fn the_last_kill_for_too_much_memory_is_read_with_the_memory_that_the_container_had() {
    let ended = |reason: &str, second: &str| json!({"terminated": {"reason": reason, "exitCode": 137, "finishedAt": format!("2026-11-29T08:00:{second}Z")}});
    let kill = |statuses: Value| {
        let object = json!({
            "metadata": {"name": "a", "namespace": "ns"},
            "spec": {"containers": [
                {"name": "pe", "resources": {"requests": {"memory": "256Mi"}, "limits": {"memory": "512Mi"}}},
                {"name": "b", "resources": {"requests": {"memory": "64Mi"}}},
            ]},
            "status": {"containerStatuses": statuses},
        });
        let pod = Pod::try_from(&serde_json::from_value::<PodObject>(object).unwrap()).unwrap();
        pod.oom_kill.map(|kill| (kill.container.to_string(), kill.memory.0 >> 20, kill.at.as_second() % 60))
    };
    let status = |name: &str, state: Value, last: Value| json!({"name": name, "state": state, "lastState": last});
    let running = json!({"running": {}});
    let killed = ended("OOMKilled", "05");
    assert_eq!(kill(json!(null)), None);
    assert_eq!(kill(json!([status("pe", running.clone(), ended("Error", "05"))])), None);
    assert_eq!(kill(json!([status("pe", running.clone(), killed.clone())])), Some(("pe".to_owned(), 512, 5)));
    assert_eq!(kill(json!([status("pe", killed.clone(), json!({}))])), Some(("pe".to_owned(), 512, 5)));
    let both = json!([status("pe", running.clone(), killed), status("b", ended("OOMKilled", "09"), json!({}))]);
    assert_eq!(kill(both), Some(("b".to_owned(), 64, 9)), "the later one");
    assert_eq!(kill(json!([status("unknown", running, ended("OOMKilled", "05"))])), None);
}
