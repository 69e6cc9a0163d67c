//! Nodes as people write them.

use serde_json::{Value, json};

use super::NodeObject;
use crate::model::Node;

fn node(status: &Value) -> Node {
    let object: NodeObject =
        serde_json::from_value(json!({"metadata": {"name": "n1"}, "spec": {}, "status": status})).unwrap();
    Node::try_from(&object).unwrap()
}

#[test]
fn capacity_counts_where_allocatable_is_missing() {
    let amounts = |cpu: &str| json!({"cpu": cpu, "pods": "7"});
    let both = node(&json!({"allocatable": amounts("3"), "capacity": amounts("4")}));
    let capacity = node(&json!({"capacity": amounts("4")}));
    assert_eq!((both.allocatable.cpu.0, capacity.allocatable.cpu.0, capacity.pods), (3_000, 4_000, 7));
    let empty = node(&json!({"allocatable": {}, "capacity": amounts("4")}));
    assert_eq!(empty.allocatable.cpu.0, 0, "an empty list is a list");
}

#[test]
fn a_node_is_not_ready_where_its_condition_says_so() {
    let with = |conditions: Value| node(&json!({"conditions": conditions})).schedulable;
    assert!(with(json!([{"type": "Ready", "status": "True"}])));
    assert!(!with(json!([{"type": "Ready", "status": "Unknown"}])));
    assert!(with(json!([{"type": "DiskPressure", "status": "True"}])), "kube-scheduler reads the taint of that");
    assert!(with(json!(null)));
}

#[test]
fn the_taints_of_kubernetes_say_why_a_node_is_not_schedulable() {
    let with = |member: &str, value: Value| {
        let mut object = json!({"metadata": {"name": "n1"}, "spec": {}, "status": {}});
        *object.pointer_mut(member).unwrap() = value;
        let node = Node::try_from(&serde_json::from_value::<NodeObject>(object).unwrap()).unwrap();
        (node.schedulable, node.unschedulable_taints.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let ready = |status: &str| json!({"conditions": [{"type": "Ready", "status": status}]});
    let one = |key: &str| (false, vec![format!("node.kubernetes.io/{key}:NoSchedule")]);
    assert_eq!(with("/spec", json!({"unschedulable": true})), one("unschedulable"));
    assert_eq!(with("/status", ready("False")), one("not-ready"));
    assert_eq!(with("/status", ready("Unknown")), one("unreachable"));
    assert_eq!(with("/metadata", json!({"name": "n1", "deletionTimestamp": "2026-01-02T03:04:05Z"})), (false, vec![]));
}
