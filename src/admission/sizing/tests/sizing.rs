use serde_json::{Value, json};

use crate::admission::tests::support::{operations, pod, policy, prepared, sized};

const SIZES: &str = "  resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 2Gi}}\n";

fn resources(spec: &str, resources: &Value, limit_ranger: &str) -> (Value, Vec<String>) {
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

/// What the numbers of a container become: request and limit before and after sizing, `-` for an absent number. `fill`
/// names the numbers that a `LimitRange` has filled in.
const NUMBERS: [(&str, &str, &str, &str); 17] = [
    // request limit, filled in, policy's request and limit, after
    ("- -", "", "500m 2", "500m 2"),
    ("- -", "", "500m -", "500m -"),
    ("- -", "", "- 2", "- 2"),
    // The user's, the autoscaler's, or another webhook's: the pod shows no difference.
    ("700m -", "", "500m -", "700m -"),
    ("300m -", "", "500m -", "300m -"),
    ("300m -", "", "500m 2", "300m 2"),
    ("3 -", "", "500m 2", "3 3"),
    ("200m 1", "", "500m 2", "200m 1"),
    ("- 1", "", "500m 2", "- 1"),
    // Filled in: a request is raised, up to the limit, and never lowered. A limit stays.
    ("100m -", "request", "500m -", "500m -"),
    ("100m -", "request", "50m 2", "100m 2"),
    ("100m -", "request", "- 50m", "100m 100m"),
    ("100m 200m", "request limit", "500m 2", "200m 200m"),
    ("100m 1", "request limit", "500m 500m", "500m 1"),
    ("800m 1", "request limit", "500m 500m", "800m 1"),
    ("100m 200m", "limit", "500m 2", "100m 200m"),
    ("100m 200m", "request", "500m 2", "200m 200m"),
];

/// A map of one resource, or an empty map.
fn cpu(number: &str) -> Value {
    if number == "-" { json!({}) } else { json!({ "cpu": number }) }
}

fn cpu_of(numbers: &str) -> Value {
    let (request, limit) = numbers.split_once(' ').unwrap();
    json!({"requests": cpu(request), "limits": cpu(limit)})
}

/// The CPU of the first container, as a row of the table.
fn row_of(pod: &Value) -> String {
    let text = |kind: &str| pod["spec"]["containers"][0]["resources"][kind]["cpu"].as_str().unwrap_or("-").to_owned();
    format!("{} {}", text("requests"), text("limits"))
}

fn word(filled_in: &str) -> String {
    let sentences: Vec<String> =
        filled_in.split_whitespace().map(|kind| format!("cpu {kind} for container pe")).collect();
    if sentences.is_empty() { String::new() } else { format!("LimitRanger plugin set: {}", sentences.join("; ")) }
}

fn sizes(policy: &str) -> String {
    let (request, limit) = policy.split_once(' ').unwrap();
    format!("  resources: {{requests: {}, limits: {}}}\n", cpu(request), cpu(limit))
}

#[test]
fn chosen_numbers_stay_and_filled_in_requests_are_only_raised() {
    for (before, filled_in, sizing, after) in NUMBERS {
        let (pod, _) = prepared(&policy(&sizes(sizing)), &sized(&cpu_of(before), &word(filled_in)));
        assert_eq!(row_of(&pod), after, "{before}, filled in: {filled_in}, policy: {sizing}");
    }
}

#[test]
fn a_later_call_changes_no_number_whoever_has_written_or_removed_it() {
    for (before, filled_in, sizing, _) in NUMBERS {
        let policies = policy(&sizes(sizing));
        let (prepared_pod, _) = prepared(&policies, &sized(&cpu_of(before), &word(filled_in)));
        for now in ["- -", "587m -", "587m 900m", "1m 1m", "- 7"] {
            let mut changed = prepared_pod.clone();
            changed["spec"]["containers"][0]["resources"] = cpu_of(now);
            let (again, warnings) = prepared(&policies, &changed);
            assert_eq!(again, changed, "{before}, filled in: {filled_in}, policy: {sizing}, now {now}");
            assert_eq!(warnings, Vec::<String>::new());
        }
    }
}

#[test]
fn a_container_that_another_webhook_adds_is_sized_at_the_later_call_alone() {
    let policies = policy("  resources: {requests: {cpu: 500m}}\n");
    let (mut changed, _) = prepared(&policies, &pod(&json!({})));
    changed["spec"]["containers"][0]["resources"] = json!({});
    let containers = changed["spec"]["containers"].as_array_mut().unwrap();
    containers.insert(0, json!({"name": "proxy"}));
    containers.push(json!({"name": "own", "resources": {"requests": {"cpu": "1m"}}}));
    let (again, _) = prepared(&policies, &changed);
    let requests = |index: usize| &again["spec"]["containers"][index]["resources"]["requests"];
    assert_eq!((requests(0), requests(1), requests(2)), (&json!({"cpu": "500m"}), &Value::Null, &json!({"cpu": "1m"})));
    assert_eq!(again["metadata"]["annotations"]["outrigger.dev/sized-containers"], "pe,proxy,own");
    assert_eq!(prepared(&policies, &again).0, again);
}

#[test]
fn a_forged_record_keeps_no_container_from_being_sized() {
    let policies = policy("  resources: {requests: {cpu: 500m}}\n");
    for mark in [json!(null), json!("another")] {
        let forged = pod(&json!({"metadata": {"annotations": {
            "outrigger.dev/sized-containers": "pe", "outrigger.dev/policy": mark,
        }}}));
        let (after, warnings) = prepared(&policies, &forged);
        assert_eq!(row_of(&after), "500m -");
        assert_eq!(warnings, ["outrigger.dev/sized-containers: removed; only outrigger writes it"]);
    }
}

#[test]
fn a_limit_of_a_limit_range_below_that_of_the_policy_is_said() {
    let (pod, warnings) = prepared(&policy(&sizes("500m 2")), &sized(&cpu_of("100m 200m"), &word("request limit")));
    assert_eq!(row_of(&pod), "200m 200m");
    assert_eq!(
        warnings,
        [
            "container `pe`: cpu request of the policy lowered to the limit `200m`",
            "container `pe`: cpu limit `200m` of a LimitRange kept, not `2` of the policy",
        ]
    );
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
    let before = json!({"requests": {"cpu": "100u"}, "limits": {"cpu": "1200u"}});
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
fn a_resource_that_the_pod_has_as_a_whole_is_left_alone_and_others_are_sized() {
    let spec = "  resources: {requests: {cpu: 500m, memory: 1Gi, hugepages-2Mi: 2Mi, example.com/gpu: 1},
    limits: {hugepages-2Mi: 2Mi, example.com/gpu: 1}}\n";
    for (whole, wanted, named) in [
        (json!({"limits": {"memory": "2Gi"}}), json!(["500m", null, "2Mi", "1"]), "memory"),
        (json!({"requests": {"cpu": "1"}}), json!([null, "1Gi", "2Mi", "1"]), "cpu"),
        (
            json!({"requests": {"cpu": "1"}, "limits": {"hugepages-2Mi": "4Mi"}}),
            json!([null, "1Gi", null, "1"]),
            "cpu, hugepages-2Mi",
        ),
        // The API server rejects a container with huge pages that has neither CPU nor memory.
        (json!({"requests": {"cpu": "1", "memory": "1Gi"}}), json!([null, null, null, "1"]), "cpu, memory"),
    ] {
        let (after, warnings) = prepared(&policy(spec), &pod(&json!({"spec": {"resources": whole}})));
        let requests = &after["spec"]["containers"][0]["resources"]["requests"];
        let found = ["cpu", "memory", "hugepages-2Mi", "example.com/gpu"].map(|resource| requests[resource].clone());
        assert_eq!(json!(found), wanted, "{whole}");
        assert_eq!(warnings, [format!("spec.resources sets {named}: that of policy `streams` is not applied")]);
    }
    for none in [json!({}), json!({"limits": {}}), json!({"limits": {"cpu": null}}), json!({"requests": null})] {
        let (after, warnings) = prepared(&policy(spec), &pod(&json!({"spec": {"resources": none}})));
        assert_eq!(row_of(&after), "500m -", "{none}");
        assert_eq!(warnings, Vec::<String>::new());
    }
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
