use serde_json::json;

use crate::admission::tests::support::{SIDECAR, decided, operations, pod, policy, prepared};

fn init_containers(pod: &serde_json::Value) -> Vec<&str> {
    pod["spec"]["initContainers"].as_array().into_iter().flatten().map(|one| one["name"].as_str().unwrap()).collect()
}

const GUARANTEED: &str = r#"{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1024Mi"}}"#;

fn guaranteed() -> serde_json::Value {
    let resources: serde_json::Value = serde_json::from_str(GUARANTEED).unwrap();
    pod(&json!({"spec": {"containers": [{"name": "pe", "resources": resources}]}}))
}

#[test]
fn a_sidecar_goes_behind_the_users_init_containers() {
    for (before, wanted) in [
        (json!({}), vec!["relay"]),
        (json!({"initContainers": null}), vec!["relay"]),
        (json!({"initContainers": []}), vec!["relay"]),
        (json!({"initContainers": [{"name": "b"}, {"name": "a"}]}), vec!["b", "a", "relay"]),
    ] {
        let (after, _) = prepared(&policy(SIDECAR), &pod(&json!({"spec": before})));
        assert_eq!(init_containers(&after), wanted);
        let sidecar = after["spec"]["initContainers"].as_array().unwrap().last().unwrap();
        assert_eq!(*sidecar, json!({"name": "relay", "image": "relay:1", "restartPolicy": "Always"}));
    }
}

#[test]
fn the_array_is_not_rewritten() {
    let before = pod(&json!({"spec": {"initContainers": [{"name": "first", "unknown": 1}]}}));
    let decision = decided(&policy(SIDECAR), &before);
    let only = operations(&decision, "/spec/initContainers");
    assert_eq!(only[0]["path"], "/spec/initContainers/-");
    assert_eq!(only.as_array().unwrap().len(), 1);
}

#[test]
fn a_container_of_the_same_name_is_the_users_answer() {
    for list in ["containers", "initContainers"] {
        let before = pod(&json!({"spec": {list: [{"name": "relay", "image": "mine"}]}}));
        let (after, _) = prepared(&policy(SIDECAR), &before);
        assert_eq!(after["spec"][list], before["spec"][list], "{list}");
    }
}

#[test]
fn a_sidecar_that_mounts_what_the_pod_lacks_is_left_out() {
    let spec = "
  injection:
    sidecars:
      - {name: relay, image: relay:1, volumeMounts: [{name: state, mountPath: /state}]}
      - {name: other, image: other:1}
";
    let (after, warnings) = prepared(&policy(spec), &pod(&json!({})));
    assert_eq!(init_containers(&after), ["other"]);
    assert_eq!(warnings, ["sidecar `relay` was not added: the pod has no volume `state`"]);
    let (after, _) = prepared(&policy(spec), &pod(&json!({"spec": {"volumes": [{"name": "state"}]}})));
    assert_eq!(init_containers(&after), ["relay", "other"]);
}

#[test]
fn the_loss_of_the_guaranteed_class_is_said() {
    let words = "sidecar `relay` without equal requests and limits: the pod is no longer Guaranteed";
    assert_eq!(prepared(&policy(SIDECAR), &guaranteed()).1, [words]);
    let burstable = pod(&json!({"spec": {"containers": [{"name": "pe", "resources": {"limits": {"cpu": "1"}}}]}}));
    assert_eq!(prepared(&policy(SIDECAR), &burstable).1, Vec::<String>::new());
}

#[test]
fn a_guaranteed_sidecar_keeps_the_class() {
    let spec = "  injection: {sidecars: [{name: relay, image: r, resources: {limits: {cpu: 10m, memory: 16Mi}}}]}\n";
    assert_eq!(prepared(&policy(spec), &guaranteed()).1, Vec::<String>::new());
}

#[test]
fn the_sidecar_shares_what_the_pod_has_as_a_whole_and_keeps_the_rest() {
    let own = "{requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 32Mi}, claims: []}";
    let spec = format!("  injection: {{sidecars: [{{name: relay, image: r, resources: {own}}}]}}\n");
    for (whole, left, shared) in [
        (
            json!({"requests": {"cpu": "1"}}),
            json!({"requests": {"memory": "16Mi"}, "limits": {"memory": "32Mi"}, "claims": []}),
            "cpu",
        ),
        (json!({"limits": {"memory": "1Gi"}}), json!({"requests": {"cpu": "10m"}, "claims": []}), "memory"),
        (json!({"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}), json!({"claims": []}), "cpu, memory"),
    ] {
        let (after, warnings) = prepared(&policy(&spec), &pod(&json!({"spec": {"resources": whole}})));
        assert_eq!(after["spec"]["initContainers"][0]["resources"], left, "{whole}");
        assert_eq!(warnings, [format!("spec.resources sets {shared}: sidecar `relay` shares that of the pod")]);
    }
    let spec = "  injection: {sidecars: [{name: relay, image: r, resources: {requests: {cpu: 10m}}}]}\n";
    let (after, _) = prepared(&policy(spec), &pod(&json!({"spec": {"resources": {"limits": {"cpu": "1"}}}})));
    assert_eq!(after["spec"]["initContainers"][0].get("resources"), None);
    let other = pod(&json!({"spec": {"resources": {"limits": {"memory": "1Gi"}}}}));
    assert_eq!(prepared(&policy(spec), &other).1, Vec::<String>::new(), "nothing is shared");
}
