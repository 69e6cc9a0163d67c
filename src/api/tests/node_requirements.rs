//! What a pod and a node say as objects, against what kube-scheduler 1.37 makes of it.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::api::{NodeObject, PodObject};
use crate::model::{HostPort, Node, Pod};
use crate::placement;

fn node(name: &str, labels: &Value, spec: &Value) -> Node {
    let object = json!({"metadata": {"name": name, "labels": labels}, "spec": spec});
    Node::try_from(&serde_json::from_value::<NodeObject>(object).unwrap()).unwrap()
}

fn pod(spec: &Value) -> Pod {
    let object = json!({"metadata": {"name": "p"}, "spec": spec});
    Pod::try_from(&serde_json::from_value::<PodObject>(object).unwrap()).unwrap()
}

/// Whether a pod with these tolerations may run beside a taint.
fn tolerates(tolerations: &Value, taint: &Value) -> bool {
    let pod = pod(&json!({ "tolerations": tolerations }));
    let node = node("n1", &json!({}), &json!({"taints": [taint]}));
    match &pod.node_requirements {
        Some(node_requirements) => node_requirements.first_untolerated(&node.taints).is_none(),
        None => node.taints.is_empty(),
    }
}

/// What a node with two labels lacks for a pod.
fn mismatch(spec: &Value) -> Option<String> {
    let node = node("n1", &json!({"zone": "a", "generation": "7"}), &json!({}));
    pod(spec).node_requirements.and_then(|node_requirements| placement::mismatch(&node_requirements, &node))
}

fn affinity(terms: &Value) -> Value {
    let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
    json!({"affinity": {"nodeAffinity": required}})
}

fn requirement(key: &str, operator: &str, values: &[&str]) -> Value {
    json!({"key": key, "operator": operator, "values": values})
}

#[test]
fn a_toleration_is_for_its_key_value_and_effect_and_what_it_leaves_out_is_any() {
    let taint = json!({"key": "k", "value": "v", "effect": "NoSchedule"});
    for (toleration, expected) in [
        (json!({"operator": "Exists"}), true),
        (json!({"key": "", "operator": "Exists"}), true),
        (json!({"key": "k", "operator": "Exists"}), true),
        (json!({"key": "k", "operator": "Exists", "value": null, "effect": null}), true),
        (json!({"key": "k", "value": "v"}), true),
        (json!({"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"}), true),
        (json!({"operator": "Equal", "value": "v"}), true),
        (json!({"key": "k", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 0}), true),
        (json!({"key": "other", "operator": "Exists"}), false),
        (json!({"key": "k"}), false),
        (json!({"key": "k", "value": "other"}), false),
        (json!({"key": "k", "operator": "Exists", "effect": "NoExecute"}), false),
        (json!({"key": "k", "operator": "Exists", "effect": "PreferNoSchedule"}), false),
        (json!({"key": "k", "operator": "Lt", "value": "v"}), false),
        (json!({"key": "k", "operator": "Gt", "value": "0"}), false),
        (json!({"key": "k", "operator": "exists"}), false),
    ] {
        assert_eq!(tolerates(&json!([toleration]), &taint), expected, "{toleration}");
    }
    for none in [json!([]), json!(null)] {
        assert!(!tolerates(&none, &taint), "{none}");
    }
}

#[test]
fn taints_that_keep_no_pod_off_are_none() {
    for (effect, expected) in [("NoSchedule", false), ("NoExecute", false), ("PreferNoSchedule", true), ("", true)] {
        assert_eq!(tolerates(&json!([]), &json!({"key": "k", "effect": effect})), expected, "{effect}");
    }
    assert!(tolerates(&json!([{"key": "k"}]), &json!({"key": "k", "value": null, "effect": "NoExecute"})));
}

#[test]
fn each_taint_needs_a_toleration_and_the_first_without_one_is_named() {
    let taints = json!({"taints": [
        {"key": "a", "effect": "NoSchedule"},
        {"key": "b", "value": "2", "effect": "NoExecute"},
        {"key": "c", "effect": "NoSchedule"},
    ]});
    let tainted = node("n1", &json!({}), &taints);
    let first = |tolerations: Value| {
        let node_requirements = pod(&json!({ "tolerations": tolerations })).node_requirements.unwrap();
        node_requirements.first_untolerated(&tainted.taints).map(ToString::to_string)
    };
    let exists = |key: &str| json!({"key": key, "operator": "Exists"});
    assert_eq!(first(json!([exists("c"), exists("b")])).as_deref(), Some("a:NoSchedule"));
    assert_eq!(first(json!([exists("c"), exists("a")])).as_deref(), Some("b=2:NoExecute"));
    assert_eq!(first(json!([exists("c"), exists("b"), exists("a")])), None);
}

#[test]
fn requirements_on_labels_hold_as_label_selectors_do() {
    for (key, operator, values, expected) in [
        ("zone", "In", &["a"][..], None),
        ("zone", "In", &["b", "a"], None),
        ("zone", "In", &["b", "c"], Some("zone in (b, c)")),
        ("missing", "In", &[""], Some("missing=")),
        ("zone", "NotIn", &["b"], None),
        ("zone", "NotIn", &["a", "b"], Some("zone not in (a, b)")),
        ("missing", "NotIn", &["a"], None),
        ("zone", "Exists", &[], None),
        ("missing", "Exists", &[], Some("missing")),
        ("missing", "DoesNotExist", &[], None),
        ("zone", "DoesNotExist", &[], Some("no zone")),
        ("generation", "Gt", &["6"], None),
        ("generation", "Gt", &["7"], Some("generation > 7")),
        ("generation", "Lt", &["8"], None),
        ("generation", "Lt", &["7"], Some("generation < 7")),
        ("zone", "Lt", &["8"], Some("zone < 8")),
        ("missing", "Gt", &["8"], Some("missing > 8")),
    ] {
        let found = mismatch(&affinity(&json!([{"matchExpressions": [requirement(key, operator, values)]}])));
        assert_eq!(found.as_deref(), expected, "{key} {operator} {values:?}");
    }
}

#[test]
fn a_term_that_cannot_be_read_matches_nothing_and_spoils_no_other() {
    let good = json!({"matchExpressions": [requirement("zone", "Exists", &[])]});
    for (key, operator, values) in [
        ("zone", "In", &[][..]),
        ("zone", "NotIn", &[]),
        ("zone", "Exists", &["a"]),
        ("missing", "DoesNotExist", &["a"]),
        ("generation", "Gt", &["6", "5"]),
        ("generation", "Gt", &[]),
        ("generation", "Lt", &["eight"]),
        ("zone", "Equal", &["a"]),
    ] {
        let bad = json!({"matchExpressions": [requirement("zone", "Exists", &[]), requirement(key, operator, values)]});
        assert!(mismatch(&affinity(&json!([bad]))).is_some(), "{bad}");
        assert_eq!(mismatch(&affinity(&json!([bad, good]))), None, "{bad}");
    }
    for (operator, values) in [("In", &["n1", "n2"][..]), ("NotIn", &[]), ("Exists", &[])] {
        let bad = json!({"matchFields": [requirement("metadata.name", operator, values)]});
        assert!(mismatch(&affinity(&json!([bad]))).is_some(), "{bad}");
    }
}

#[test]
fn terms_are_alternatives_and_what_is_in_a_term_must_hold_together() {
    let expression = |key: &str, value: &str| requirement(key, "In", &[value]);
    let field = |operator: &str, name: &str| requirement("metadata.name", operator, &[name]);
    for (terms, expected) in [
        (
            json!([{"matchExpressions": [expression("zone", "b")]}, {"matchExpressions": [expression("zone", "a")]}]),
            None,
        ),
        (
            json!([{"matchExpressions": [expression("zone", "b")]}, {"matchExpressions": [expression("zone", "c")]}]),
            Some("zone=b, or zone=c"),
        ),
        (json!([{"matchExpressions": [expression("zone", "a"), expression("generation", "8")]}]), Some("generation=8")),
        (json!([{"matchFields": [field("In", "n1")]}]), None),
        (json!([{"matchFields": [field("In", "n2")]}]), Some("metadata.name=n2")),
        (json!([{"matchFields": [field("NotIn", "n1")]}]), Some("metadata.name!=n1")),
        (json!([{"matchFields": [requirement("spec.other", "In", &["n1"])]}]), Some("spec.other=n1")),
        (json!([{"matchExpressions": [expression("zone", "b")], "matchFields": [field("In", "n1")]}]), Some("zone=b")),
        (json!([{}]), Some("no term that a node can match")),
        (json!([{"matchExpressions": [], "matchFields": null}]), Some("no term that a node can match")),
        (json!([{}, {"matchFields": [field("In", "n1")]}]), None),
        (json!([]), Some("no term that a node can match")),
        (json!(null), Some("no term that a node can match")),
    ] {
        assert_eq!(mismatch(&affinity(&terms)).as_deref(), expected, "{terms}");
    }
}

#[test]
fn selector_and_affinity_both_hold_and_preferences_are_none() {
    let selecting = |value: &str| json!({"nodeSelector": {"zone": value}});
    assert_eq!(mismatch(&selecting("a")), None);
    assert_eq!(mismatch(&selecting("b")).as_deref(), Some("zone=b"));
    let mut both = affinity(&json!([{"matchExpressions": [requirement("zone", "In", &["b"])]}]));
    both["nodeSelector"] = json!({"zone": "a"});
    assert_eq!(mismatch(&both).as_deref(), Some("zone=b"));
    both["nodeSelector"] = json!({"generation": "8"});
    assert_eq!(mismatch(&both).as_deref(), Some("generation=8"));
    for nothing in [
        json!({}),
        json!({"nodeSelector": {}, "affinity": null, "tolerations": []}),
        json!({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "preference": {"matchExpressions": [requirement("zone", "In", &["b"])]}},
        ]}}}),
        json!({"affinity": {"podAffinity": {}}}),
    ] {
        assert_eq!(pod(&nothing).node_requirements, None, "{nothing}");
    }
}

#[test]
fn ports_of_the_node_are_those_of_containers_and_sidecars_whatever_their_order() {
    let port = |number: i64| json!([{"containerPort": 80, "hostPort": number}]);
    let spec = json!({
        "containers": [{"ports": port(8080)}, {"ports": [{"containerPort": 1}]}, {"ports": port(0)}, {"ports": null}],
        "initContainers": [{"ports": port(81)}, {"restartPolicy": "Always", "ports": port(82)}],
    });
    assert_eq!(pod(&spec).host_ports(), [HostPort::new(82, "TCP", ""), HostPort::new(8080, "", "0.0.0.0")]);
}

#[test]
fn ports_conflict_by_number_protocol_and_address() {
    let port = |number, protocol: &str, ip: &str| HostPort::new(number, protocol, ip);
    for (one, other, expected) in [
        (port(80, "", ""), port(80, "TCP", "0.0.0.0"), true),
        (port(80, "TCP", ""), port(80, "UDP", ""), false),
        (port(80, "TCP", ""), port(81, "TCP", ""), false),
        (port(80, "TCP", "10.0.0.1"), port(80, "TCP", "10.0.0.2"), false),
        (port(80, "TCP", "10.0.0.1"), port(80, "TCP", "10.0.0.1"), true),
        (port(80, "TCP", "10.0.0.1"), port(80, "TCP", ""), true),
    ] {
        assert_eq!(one.conflicts_with(&other), expected, "{one} {other}");
        assert_eq!(other.conflicts_with(&one), expected, "{other} {one}");
    }
    assert_eq!(port(80, "", "").to_string(), "hostPort 80/TCP");
    assert_eq!(port(80, "UDP", "10.0.0.1").to_string(), "hostPort 10.0.0.1:80/UDP");
}

#[test]
fn what_pods_tolerate_by_default_is_equal_however_long_and_in_whatever_order() {
    let default = |key: &str, seconds: u64| {
        json!({"key": format!("node.kubernetes.io/{key}"), "operator": "Exists",
        "effect": "NoExecute", "tolerationSeconds": seconds})
    };
    let one = pod(&json!({"tolerations": [default("not-ready", 300), default("unreachable", 300)]}));
    let other = pod(&json!({"tolerations": [default("unreachable", 30), default("not-ready", 30)]}));
    assert!(one.node_requirements.is_some());
    assert_eq!(one.node_requirements, other.node_requirements);
}

proptest! {
    #[test]
    fn of_a_requirement_and_its_opposite_one_holds(
        key in "[ab]", operator in "In|Exists", values in prop::collection::vec("[xy]", 1..3),
        labels in prop::collection::btree_map("[ab]", "[xyz]", 0..3),
    ) {
        let opposite = if operator == "In" { "NotIn" } else { "DoesNotExist" };
        let values: Vec<&str> = values.iter().map(String::as_str).filter(|_| operator == "In").collect();
        let node = node("n1", &json!(labels), &json!({}));
        let holds = |operator: &str| {
            let term = json!([{"matchExpressions": [requirement(&key, operator, &values)]}]);
            placement::mismatch(&pod(&affinity(&term)).node_requirements.unwrap(), &node).is_none()
        };
        prop_assert_ne!(holds(&operator), holds(opposite));
    }
}
