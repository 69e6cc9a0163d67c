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
