//! Sizing under limit ranges and quotas.

use serde_json::{Value, json};

use crate::admission::Decision;
use crate::admission::tests::support::{decided_in, pod, policy, sized};
use crate::model::{
    DemandedQuantity, LimitRange, Namespace, ObjectId, QuotaDemand, QuotaScope, RequestRange, ResourceConstraints,
    ResourceList, ResourceQuota,
};

/// Constraints with these bounds of CPU: `container min 100m`, `pod max 2`.
fn bounds(text: &str) -> ResourceConstraints {
    let (mut container, mut pod) = (RequestRange::default(), RequestRange::default());
    for bound in text.split(", ").filter(|bound| !bound.is_empty()) {
        let [kind, what, amount] = bound.split(' ').collect::<Vec<_>>()[..] else { panic!("{bound}") };
        let range = if kind == "pod" { &mut pod } else { &mut container };
        let list = match what {
            "min" => &mut range.min,
            "max" => &mut range.max,
            "default" => &mut range.default_limit,
            "defaultRequest" => &mut range.default_request,
            _ => &mut range.max_limit_request_ratio,
        };
        list.set("cpu", amount).unwrap();
    }
    let mut constraints = ResourceConstraints::default();
    let id = ObjectId::new(&Namespace::from("ns"), "bounds");
    constraints.put_limit_range(LimitRange { id, container, pod });
    constraints
}

fn cpu(number: &str) -> Value {
    if number == "-" { json!({}) } else { json!({ "cpu": number }) }
}

fn pair(numbers: &str) -> Value {
    let (request, limit) = numbers.split_once(' ').unwrap();
    json!({"requests": cpu(request), "limits": cpu(limit)})
}

fn sizing(numbers: &str) -> String {
    let (request, limit) = numbers.split_once(' ').unwrap();
    format!("  resources: {{requests: {}, limits: {}}}\n", cpu(request), cpu(limit))
}

fn patched(before: &Value, decision: &Decision) -> Value {
    let mut after = before.clone();
    json_patch::patch(&mut after, decision.patch()).unwrap();
    after
}

/// The CPU of a container.
fn row(pod: &Value, container: usize) -> String {
    let resources = &pod["spec"]["containers"][container]["resources"];
    let text = |kind: &str| resources[kind]["cpu"].as_str().unwrap_or("-").to_owned();
    format!("{} {}", text("requests"), text("limits"))
}

#[test]
fn what_a_limit_range_demands_or_fills_in_later_is_kept() {
    for (range, before, of_policy, after) in [
        // A container that another webhook has added: the defaults are filled in after this webhook.
        ("container default 200m, container defaultRequest 100m", "- -", "500m -", "200m 200m"),
        ("container default 200m, container defaultRequest 100m", "- -", "150m -", "150m 200m"),
        ("container default 200m, container defaultRequest 100m", "- -", "50m -", "100m 200m"),
        ("container default 200m, container defaultRequest 100m", "- -", "- 1", "- -"),
        ("container default 200m, container defaultRequest 100m", "- -", "500m 1", "200m 200m"),
        ("container defaultRequest 100m", "- -", "- 50m", "- 100m"),
        ("container defaultRequest 100m", "- -", "50m 50m", "100m 100m"),
        ("container default 200m, container defaultRequest 100m", "150m -", "500m -", "150m -"),
        // Minimum, maximum and ratio.
        ("container min 100m", "- -", "50m -", "100m -"),
        ("container min 100m", "- -", "50m 60m", "100m 100m"),
        ("container max 300m", "- -", "500m -", "300m -"),
        ("container max 300m", "- -", "200m 500m", "200m 300m"),
        ("container ratio 2", "- -", "100m 500m", "100m 200m"),
        ("container ratio 2", "- 400m", "100m -", "- 400m"),
        // What the container has is not lowered, whatever is demanded.
        ("container max 300m", "1 2", "100m 100m", "1 2"),
    ] {
        let constraints = bounds(range);
        let pod = sized(&pair(before), "");
        let decision = decided_in(&constraints, &policy(&sizing(of_policy)), &pod);
        let prepared = patched(&pod, &decision);
        assert_eq!(row(&prepared, 0), after, "{range}: {before}, policy {of_policy}");
        assert!(decided_in(&constraints, &policy(&sizing(of_policy)), &prepared).patch().is_empty());
    }
}

#[test]
fn a_request_that_was_filled_in_beside_a_limit_keeps_the_ratio() {
    let constraints = bounds("container default 1, container defaultRequest 500m, container ratio 2");
    let word = "LimitRanger plugin set: cpu request for container pe; cpu limit for container pe";
    let before = sized(&pair("500m 1"), word);
    let decision = decided_in(&constraints, &policy(&sizing("600m 600m")), &before);
    assert_eq!(row(&patched(&before, &decision), 0), "600m 1");
    assert_eq!(decision.warnings(), [""; 0]);
}

fn two_containers(first: &Value, second: &Value) -> Value {
    pod(&json!({"spec": {"containers": [{"name": "pe", "resources": first}, {"name": "b", "resources": second}]}}))
}

#[test]
fn a_resource_stays_where_the_sums_of_the_pod_would_break_a_limit_range() {
    let before = two_containers(&pair("500m 500m"), &json!({}));
    for (range, of_policy, second) in [
        ("pod max 1", "400m 400m", "400m 400m"),
        ("pod max 1", "600m 600m", "- -"),
        // A limit for one container alone counts as that of the pod.
        ("pod min 600m", "200m 200m", "200m 200m"),
        ("pod ratio 1", "100m 200m", "- -"),
    ] {
        let spec = sizing(of_policy).replace("resources: {", "resources: {containers: [b], ");
        let decision = decided_in(&bounds(range), &policy(&spec), &before);
        let after = patched(&before, &decision);
        assert_eq!(row(&after, 1), second, "{range}, policy {of_policy}");
        assert_eq!(decision.warnings().is_empty(), second != "- -", "{:?}", decision.warnings());
    }
}

#[test]
fn resources_are_left_out_one_by_one() {
    let before = two_containers(&pair("500m 500m"), &json!({}));
    let spec = "  resources: {containers: [b], requests: {cpu: 1, memory: 1Gi}}\n";
    let decision = decided_in(&bounds("pod max 1"), &policy(spec), &before);
    let after = patched(&before, &decision);
    assert_eq!(after["spec"]["containers"][1]["resources"]["requests"], json!({"memory": "1Gi"}));
    assert_eq!(
        decision.warnings(),
        ["resources of policy `streams` left out: cpu of the pod: the maximum of a LimitRange"]
    );
}

#[test]
fn requests_bring_no_pod_under_a_quota_whose_demands_it_does_not_meet() {
    let mut constraints = ResourceConstraints::default();
    let demand =
        QuotaDemand { scopes: vec![QuotaScope::BestEffort(false)], quantities: vec![DemandedQuantity::CpuLimit] };
    constraints.put_quota(ResourceQuota { id: ObjectId::new(&Namespace::from("ns"), "q"), demand });
    let best_effort = pod(&json!({}));
    let decision = decided_in(&constraints, &policy(&sizing("100m -")), &best_effort);
    assert_eq!(row(&patched(&best_effort, &decision), 0), "- -");
    assert!(decision.warnings()[0].contains("a ResourceQuota demands a cpu limit"), "{:?}", decision.warnings());
    let decision = decided_in(&constraints, &policy(&sizing("100m 200m")), &best_effort);
    assert_eq!(row(&patched(&best_effort, &decision), 0), "100m 200m", "the quota is met");
}

#[test]
fn the_users_devices_stay_in_pairs() {
    let spec = "  resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 1}}\n";
    let gpus = |request: &Value, limit: &Value| {
        let all = json!({"requests": {"nvidia.com/gpu": request}, "limits": {"nvidia.com/gpu": limit}});
        without_nulls(all)
    };
    for (before, after, word) in [
        (gpus(&Value::Null, &json!(2)), gpus(&Value::Null, &json!(2)), ""),
        (gpus(&json!("2"), &json!("2")), gpus(&json!("2"), &json!("2")), ""),
        (
            gpus(&json!("2"), &json!("2")),
            gpus(&json!("2"), &json!("2")),
            "LimitRanger plugin set: nvidia.com/gpu request for container pe; nvidia.com/gpu limit for container pe",
        ),
        (gpus(&Value::Null, &Value::Null), gpus(&json!("1"), &json!("1")), ""),
    ] {
        let pod = sized(&before, word);
        let decision = decided_in(&ResourceConstraints::default(), &policy(spec), &pod);
        assert_eq!(patched(&pod, &decision)["spec"]["containers"][0]["resources"], after, "{before} {word}");
    }
    let mut constraints = bounds("");
    let mut default_limit = ResourceList::default();
    default_limit.set("nvidia.com/gpu", "4").unwrap();
    let container = RequestRange { default_request: default_limit.clone(), default_limit, ..RequestRange::default() };
    let id = ObjectId::new(&Namespace::from("ns"), "devices");
    constraints.put_limit_range(LimitRange { id, container, pod: RequestRange::default() });
    let added = sized(&json!({}), "");
    let decision = decided_in(&constraints, &policy(spec), &added);
    let found = &patched(&added, &decision)["spec"]["containers"][0]["resources"];
    assert_eq!(found["requests"], found["limits"], "never one without the other");
}

/// Without members that are null.
fn without_nulls(mut resources: Value) -> Value {
    for amounts in resources.as_object_mut().unwrap().values_mut() {
        amounts.as_object_mut().unwrap().retain(|_, amount| !amount.is_null());
    }
    resources
}

#[test]
fn huge_pages_are_not_added_without_cpu_or_memory() {
    let spec = "  resources: {requests: {hugepages-2Mi: 2Mi, memory: 1Gi}, limits: {hugepages-2Mi: 2Mi}}\n";
    let whole = pod(&json!({"spec": {"resources": {"requests": {"memory": "2Gi"}}}}));
    let decision = decided_in(&ResourceConstraints::default(), &policy(spec), &whole);
    assert_eq!(patched(&whole, &decision)["spec"]["containers"][0]["resources"], json!({}));
}

#[test]
fn the_pod_says_how_its_numbers_were_decided_where_that_is_not_plain() {
    let account = |decision: &Decision| {
        let after = patched(&pod(&json!({})), decision);
        after["metadata"]["annotations"]["outrigger.dev/resources"].as_str().unwrap_or_default().to_owned()
    };
    let plain = decided_in(&ResourceConstraints::default(), &policy(&sizing("500m -")), &pod(&json!({})));
    assert_eq!(account(&plain), "");
    let capped = decided_in(
        &bounds("container default 200m, container defaultRequest 100m"),
        &policy(&sizing("500m -")),
        &pod(&json!({})),
    );
    assert_eq!(account(&capped), "pe cpu: user -/-, policy 500m/-, demand -, LimitRange 100m/200m, result 200m/200m");
    let minimum = decided_in(&bounds("container min 100m"), &policy(&sizing("50m -")), &pod(&json!({})));
    assert_eq!(account(&minimum), "pe cpu: user -/-, policy 50m/-, demand -, LimitRange 100m/-, result 100m/-");
    let chosen = sized(&pair("1 2"), "");
    let kept = decided_in(&ResourceConstraints::default(), &policy(&sizing("50m -")), &chosen);
    let after = patched(&chosen, &kept);
    assert_eq!(
        after["metadata"]["annotations"]["outrigger.dev/resources"],
        "pe cpu: user 1/2, policy 50m/-, demand -, LimitRange -/-, result 1/2"
    );
}
