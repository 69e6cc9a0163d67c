use serde_json::{Value, json};

use crate::admission::tests::support::{decided, operations, pod, policy, prepared};

const TEN_SECONDS: &str = "  recovery: {tolerationSeconds: 10}\n";

fn toleration(key: &str, seconds: i64) -> Value {
    json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds})
}

fn not_ready(seconds: i64) -> Value {
    toleration("node.kubernetes.io/not-ready", seconds)
}

fn unreachable(seconds: i64) -> Value {
    toleration("node.kubernetes.io/unreachable", seconds)
}

fn after(spec: &str, before: &Value) -> Value {
    prepared(&policy(spec), &pod(&json!({"spec": {"tolerations": before}}))).0["spec"]["tolerations"].clone()
}

#[test]
fn the_defaulted_seconds_are_replaced_in_place() {
    let own = json!({"key": "stream", "operator": "Exists", "effect": "NoSchedule"});
    let before = json!([own, not_ready(300), unreachable(300)]);
    assert_eq!(after(TEN_SECONDS, &before), json!([own, not_ready(10), unreachable(10)]));
    let decision = decided(&policy(TEN_SECONDS), &pod(&json!({"spec": {"tolerations": before}})));
    assert_eq!(
        operations(&decision, "/spec/tolerations"),
        json!([
            {"op": "replace", "path": "/spec/tolerations/1/tolerationSeconds", "value": 10},
            {"op": "replace", "path": "/spec/tolerations/2/tolerationSeconds", "value": 10},
        ])
    );
}

#[test]
fn they_are_added_where_nothing_covers_the_taint() {
    for before in [json!(null), json!([])] {
        assert_eq!(after(TEN_SECONDS, &before), json!([not_ready(10), unreachable(10)]));
    }
    // NoSchedule does not cover what evicts.
    let other = json!({"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"});
    assert_eq!(after(TEN_SECONDS, &json!([other])), json!([other, not_ready(10), unreachable(10)]));
}

#[test]
fn the_users_own_word_stays() {
    for own in [
        json!([not_ready(30), unreachable(0)]),
        json!([{"operator": "Exists"}]),
        json!([{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}]),
        json!([
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
            {"key": "node.kubernetes.io/unreachable", "operator": "Exists"},
        ]),
    ] {
        assert_eq!(after(TEN_SECONDS, &own), own);
    }
}

#[test]
fn unless_the_policy_says_so_nothing_is_touched() {
    let before = json!([not_ready(300)]);
    assert_eq!(after("", &before), before);
}
