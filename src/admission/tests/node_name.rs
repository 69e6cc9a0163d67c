use serde_json::{Value, json};

use crate::admission::tests::support::{decided, operations, pod, policy, prepared};

fn terms_of(pod: &Value) -> &Value {
    &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
}

fn on_node(name: &str) -> Value {
    json!({"key": "metadata.name", "operator": "In", "values": [name]})
}

#[test]
fn a_node_that_is_named_becomes_an_affinity() {
    let (after, warnings) = prepared(&policy(""), &pod(&json!({"spec": {"nodeName": "n1"}})));
    assert_eq!(after["spec"].get("nodeName"), None);
    assert_eq!(*terms_of(&after), json!([{"matchFields": [on_node("n1")]}]));
    assert_eq!(warnings, ["spec.nodeName became node affinity, so that capacity is checked: n1"]);
}

#[test]
fn it_narrows_every_term_and_stands_beside_tags() {
    let before = pod(&json!({
        "metadata": {"annotations": {"outrigger.dev/host-tags": "ssd"}},
        "spec": {"nodeName": "n1", "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"matchFields": [on_node("n2")]}],
        }}}},
    }));
    let (after, _) = prepared(&policy(""), &before);
    for term in terms_of(&after).as_array().unwrap() {
        assert!(term["matchFields"].as_array().unwrap().contains(&on_node("n1")), "{term}");
        assert!(term["matchExpressions"].to_string().contains("tag.outrigger.dev/ssd"), "{term}");
    }
}

#[test]
fn an_empty_name_is_no_name() {
    let decision = decided(&policy(""), &pod(&json!({"spec": {"nodeName": ""}})));
    assert_eq!(operations(&decision, "/spec/nodeName"), json!([]));
    assert_eq!(operations(&decision, "/spec/affinity"), json!([]));
}
