use serde_json::json;

use crate::admission::tests::support::{operations, pod, policy, prepared, sized};

const SIZES: &str = "  resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 2Gi}}\n";

fn resources(spec: &str, resources: &serde_json::Value, limit_ranger: &str) -> (serde_json::Value, Vec<String>) {
    let (pod, warnings) = prepared(&policy(spec), &sized(resources, limit_ranger));
    (pod["spec"]["containers"][0]["resources"].clone(), warnings)
}

#[test]
fn a_container_without_resources_gets_what_the_policy_says() {
    let wanted = json!({"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}});
    for before in [json!({}), json!(null), json!({"requests": {}}), json!({"limits": null, "requests": null})] {
        assert_eq!(resources(SIZES, &before, "").0, wanted, "{before}");
    }
}

#[test]
fn what_the_user_chose_stays() {
    let chosen = json!({"requests": {"cpu": "2", "memory": "3Gi"}, "limits": {"cpu": "4", "memory": "3Gi"}});
    assert_eq!(resources(SIZES, &chosen, ""), (chosen, vec![]));
}

#[test]
fn what_a_limit_range_filled_in_gives_way() {
    let filled_in = json!({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}});
    let word = "LimitRanger plugin set: cpu, memory request for container pe; memory limit for container pe";
    let (after, warnings) = resources(SIZES, &filled_in, word);
    assert_eq!(after, json!({"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}));
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn what_a_limit_range_filled_in_stays_where_the_policy_has_nothing() {
    let filled_in = json!({"requests": {"ephemeral-storage": "1Gi"}});
    let word = "LimitRanger plugin set: ephemeral-storage request for container pe";
    assert_eq!(resources(SIZES, &filled_in, word).0["requests"]["ephemeral-storage"], "1Gi");
}

#[test]
fn a_limit_alone_speaks_for_the_request_too() {
    // As `outrigger inject` sees it; the API server has already made the request equal to it.
    let (after, warnings) = resources(SIZES, &json!({"limits": {"cpu": "200m", "memory": "8Gi"}}), "");
    assert_eq!(after, json!({"limits": {"cpu": "200m", "memory": "8Gi"}}));
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn a_request_of_the_policy_is_lowered_to_a_limit_that_stays() {
    let before = json!({"requests": {"cpu": "100m"}, "limits": {"cpu": "0.2"}});
    let word = "LimitRanger plugin set: cpu request for container pe";
    let (after, warnings) = resources(SIZES, &before, word);
    assert_eq!((&after["requests"]["cpu"], &after["limits"]["cpu"]), (&json!("0.2"), &json!("0.2")));
    assert_eq!(warnings, ["container `pe`: cpu request of the policy lowered to the limit `0.2`"]);
}

#[test]
fn a_limit_of_the_policy_is_raised_to_a_request_that_stays() {
    let (after, warnings) = resources(SIZES, &json!({"requests": {"memory": "3G"}}), "");
    assert_eq!(after["limits"]["memory"], "3G");
    assert_eq!(warnings, ["container `pe`: memory limit of the policy raised to the request `3G`"]);
}

#[test]
fn amounts_are_compared_not_texts() {
    let spec = "  resources: {requests: {cpu: 1500m}}\n";
    let word = "LimitRanger plugin set: cpu request for container pe";
    // 1.5 cores and 1500m are the same: nothing to do.
    let before = json!({"requests": {"cpu": "1.5"}, "limits": {"cpu": "2"}});
    assert_eq!(resources(spec, &before, word), (before, vec![]));
}

#[test]
fn a_remainder_below_one_unit_does_not_put_a_request_above_its_limit() {
    let spec = "  resources: {requests: {cpu: 1500u}}\n";
    let before = json!({"requests": {"cpu": "1"}, "limits": {"cpu": "1200u"}});
    let (after, warnings) = resources(spec, &before, "LimitRanger plugin set: cpu request for container pe");
    assert_eq!(after["requests"]["cpu"], "1200u");
    assert_eq!(warnings, Vec::<String>::new(), "equal to the unit: nothing worth telling");
}

#[test]
fn a_quantity_that_cannot_be_read_is_the_api_servers_to_refuse() {
    let (after, _) = resources(SIZES, &json!({"limits": {"memory": "plenty"}, "requests": {"cpu": -1}}), "");
    assert_eq!(after, json!({"limits": {"memory": "plenty"}, "requests": {"cpu": -1}}));
}

#[test]
fn bare_numbers_are_quantities() {
    let before = json!({"requests": {"cpu": 1, "memory": 1024}, "limits": {"memory": 2048}});
    assert_eq!(resources(SIZES, &before, ""), (before, vec![]));
}

#[test]
fn only_the_containers_that_the_policy_names_are_sized() {
    let policies = policy("  resources: {containers: [pe], requests: {cpu: 1}}\n");
    let before = pod(&json!({"spec": {
        "containers": [{"name": "helper"}, {"name": "pe"}],
        "initContainers": [{"name": "first"}],
    }}));
    let (after, _) = prepared(&policies, &before);
    assert_eq!(after["spec"]["containers"][0], json!({"name": "helper"}));
    assert_eq!(after["spec"]["containers"][1], json!({"name": "pe", "resources": {"requests": {"cpu": "1"}}}));
    assert_eq!(after["spec"]["initContainers"], before["spec"]["initContainers"], "init containers never are");
}

#[test]
fn a_pod_that_is_sized_as_a_whole_is_left_alone() {
    let before = pod(&json!({"spec": {"resources": {"limits": {"cpu": "2"}}}}));
    let (after, warnings) = prepared(&policy(SIZES), &before);
    assert_eq!(after["spec"]["containers"], before["spec"]["containers"]);
    assert_eq!(warnings, ["spec.resources is set: the resources of policy `streams` are not applied"]);
    let empty = pod(&json!({"spec": {"resources": {"limits": {}}}}));
    assert_ne!(prepared(&policy(SIZES), &empty).0["spec"]["containers"], empty["spec"]["containers"]);
}

#[test]
fn unknown_members_of_resources_stay() {
    let before = json!({"claims": [{"name": "gpu"}], "requests": {"example.com/new": "1"}});
    let (after, _) = resources(SIZES, &before, "");
    assert_eq!(after["claims"], before["claims"]);
    assert_eq!(after["requests"]["example.com/new"], "1");
}

#[test]
fn resources_with_a_slash_in_their_name_are_escaped() {
    let spec = "  resources: {requests: {example.com/gpu: 1}, limits: {example.com/gpu: 1}}\n";
    let decision = crate::admission::tests::support::decided(&policy(spec), &pod(&json!({})));
    assert_eq!(
        operations(&decision, "/spec/containers"),
        json!([
            {"op": "add", "path": "/spec/containers/0/resources/requests", "value": {"example.com/gpu": "1"}},
            {"op": "add", "path": "/spec/containers/0/resources/limits", "value": {"example.com/gpu": "1"}},
        ])
    );
}
