use k8s_openapi::api::core::v1::Pod as PodManifest;
use serde_json::{Value, json};

use super::NodeInfo;
use crate::api::NodeObject;
use crate::model::{Footprint, Node, Resources};

fn node(labels: &Value, spec: &Value) -> NodeInfo {
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n1", "labels": labels},
        "spec": spec,
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "2"}},
    });
    let object: NodeObject = serde_json::from_value(manifest.clone()).unwrap();
    NodeInfo::new(&manifest, &Node::try_from(&object).unwrap()).unwrap()
}

fn pod(spec: &Value) -> PodManifest {
    let mut spec = spec.clone();
    spec.as_object_mut().unwrap().insert("containers".to_owned(), json!([]));
    serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap()
}

fn cpu(amount: &str) -> Footprint {
    let mut requests = Resources::default();
    requests.set("cpu", amount).unwrap();
    Footprint { requests, ..Footprint::default() }
}

fn refusal(node: &NodeInfo, spec: &Value) -> Option<String> {
    node.refuses(&pod(spec), &Footprint::default())
}

#[test]
fn taints_repel_unless_tolerated_by_key_effect_and_value() {
    let tainted = node(&json!({}), &json!({"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}));
    let untolerated = Some("node(s) had untolerated taint(s)".to_owned());
    let toleration = |toleration: Value| json!({ "tolerations": [toleration] });
    assert_eq!(refusal(&tainted, &json!({})), untolerated);
    for tolerated in [
        json!({"operator": "Exists"}),
        json!({"key": "k", "operator": "Exists"}),
        json!({"key": "k", "value": "v", "effect": "NoSchedule"}),
    ] {
        assert_eq!(refusal(&tainted, &toleration(tolerated)), None);
    }
    for other in [
        json!({"key": "other", "operator": "Exists"}),
        json!({"key": "k", "value": "other"}),
        json!({"key": "k", "operator": "Exists", "effect": "NoExecute"}),
    ] {
        assert_eq!(refusal(&tainted, &toleration(other)), untolerated);
    }
    let soft = node(&json!({}), &json!({"taints": [{"key": "k", "effect": "PreferNoSchedule"}]}));
    assert_eq!(refusal(&soft, &json!({})), None, "a preference is no rule");
}

#[test]
fn a_cordon_says_so_before_its_taint_does() {
    let taint = json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"});
    let cordoned = node(&json!({}), &json!({"unschedulable": true, "taints": [taint]}));
    assert_eq!(refusal(&cordoned, &json!({})).as_deref(), Some("node(s) were unschedulable"));
}

#[test]
fn selectors_and_every_operator_of_affinity_are_read() {
    let labelled = node(&json!({"zone": "a", "generation": "7"}), &json!({}));
    let refused = Some("node(s) didn't match Pod's node affinity/selector".to_owned());
    assert_eq!(refusal(&labelled, &json!({"nodeSelector": {"zone": "a"}})), None);
    assert_eq!(refusal(&labelled, &json!({"nodeSelector": {"zone": "b"}})), refused);
    let affinity = |terms: Value| {
        json!({"affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms},
        }}})
    };
    let expression = |key: &str, operator: &str, values: &[&str]| {
        affinity(json!([{"matchExpressions": [{"key": key, "operator": operator, "values": values}]}]))
    };
    for (key, operator, values, passes) in [
        ("zone", "In", &["a", "b"][..], true),
        ("zone", "In", &["b"], false),
        ("zone", "NotIn", &["b"], true),
        ("zone", "NotIn", &["a"], false),
        ("missing", "NotIn", &["a"], true),
        ("zone", "Exists", &[], true),
        ("missing", "Exists", &[], false),
        ("missing", "DoesNotExist", &[], true),
        ("zone", "DoesNotExist", &[], false),
        ("generation", "Gt", &["6"], true),
        ("generation", "Gt", &["7"], false),
        ("generation", "Lt", &["8"], true),
        ("zone", "Lt", &["8"], false),
    ] {
        let expected = if passes { None } else { refused.clone() };
        assert_eq!(refusal(&labelled, &expression(key, operator, values)), expected, "{key} {operator} {values:?}");
    }
    let field = |name: &str| json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]});
    assert_eq!(refusal(&labelled, &affinity(json!([field("n2"), field("n1")]))), None, "one term is enough");
    assert_eq!(refusal(&labelled, &affinity(json!([{}]))), refused, "an empty term matches nothing");
}

#[test]
fn requests_and_pods_fill_a_node() {
    let mut empty = node(&json!({}), &json!({}));
    assert_eq!(empty.refuses(&pod(&json!({})), &cpu("2")), None);
    assert_eq!(empty.refuses(&pod(&json!({})), &cpu("2001m")).as_deref(), Some("Insufficient cpu"));
    empty.assume(&cpu("1"));
    assert_eq!(empty.refuses(&pod(&json!({})), &cpu("1001m")).as_deref(), Some("Insufficient cpu"));
    empty.assume(&cpu("0"));
    assert_eq!(empty.refuses(&pod(&json!({})), &cpu("0")).as_deref(), Some("Too many pods"));
}
