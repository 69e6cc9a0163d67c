use serde_json::{Value, json};

use super::InTreeNode;
use crate::api::{NodeObject, PodObject};
use crate::model::{Node, Pod};

/// What is said of a pod by a node on which others run.
fn rejection(spec: &Value, others: &[Value], wanted: &Value) -> Option<String> {
    let manifest = json!({
        "metadata": {"name": "n1", "labels": {"zone": "a"}},
        "spec": spec,
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "2"}},
    });
    let node = Node::try_from(&serde_json::from_value::<NodeObject>(manifest.clone()).unwrap()).unwrap();
    let mut info = InTreeNode::new(&manifest, &node);
    for other in others {
        info.assume(&pod(other));
    }
    info.refuses(&pod(wanted))
}

fn pod(spec: &Value) -> Pod {
    let object = json!({"metadata": {"name": "p"}, "spec": spec});
    Pod::try_from(&serde_json::from_value::<PodObject>(object).unwrap()).unwrap()
}

fn cpu(amount: &str) -> Value {
    json!({"containers": [{"resources": {"requests": {"cpu": amount}}}]})
}

#[test]
fn taints_selectors_and_ports_are_told_in_the_words_of_kube_scheduler() {
    let said = |spec: &Value, wanted: &Value| rejection(spec, &[], wanted);
    let tainted = json!({"taints": [{"key": "k", "effect": "NoSchedule"}]});
    assert_eq!(said(&tainted, &json!({})).as_deref(), Some("node(s) had untolerated taint(s)"));
    assert_eq!(said(&tainted, &json!({"tolerations": [{"operator": "Exists"}]})), None);
    let elsewhere = json!({"nodeSelector": {"zone": "b"}});
    assert_eq!(said(&json!({}), &elsewhere).as_deref(), Some("node(s) didn't match Pod's node affinity/selector"));
    let port = json!({"containers": [{"ports": [{"hostPort": 80}]}]});
    assert_eq!(said(&json!({}), &port), None);
    let taken = "node(s) didn't have free ports for the requested pod ports";
    assert_eq!(rejection(&json!({}), std::slice::from_ref(&port), &port).as_deref(), Some(taken));
}

#[test]
fn a_cordon_says_so_before_its_taint_does() {
    let taint = json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"});
    let cordoned = json!({"unschedulable": true, "taints": [taint]});
    assert_eq!(rejection(&cordoned, &[], &json!({})).as_deref(), Some("node(s) were unschedulable"));
    assert_eq!(rejection(&cordoned, &[], &json!({"tolerations": [{"operator": "Exists"}]})), None);
}

#[test]
fn requests_and_pods_fill_a_node() {
    let said = |others: &[Value], wanted: &str| rejection(&json!({}), others, &cpu(wanted));
    assert_eq!(said(&[], "2"), None);
    assert_eq!(said(&[], "2001m").as_deref(), Some("Insufficient cpu"));
    assert_eq!(said(&[cpu("1")], "1001m").as_deref(), Some("Insufficient cpu"));
    assert_eq!(said(&[cpu("1"), cpu("0")], "0").as_deref(), Some("Too many pods"));
}
