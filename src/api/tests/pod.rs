//! What a Pod object says of its scheduler and its gates.

use serde_json::{Value, json};

use crate::api::PodObject;
use crate::model::Pod;

fn pod(spec: &Value) -> Pod {
    let object = json!({"metadata": {"name": "a"}, "spec": spec});
    Pod::try_from(&serde_json::from_value::<PodObject>(object).unwrap()).unwrap()
}

#[test]
fn gates_of_others_hold_a_pod_and_the_gate_of_outrigger_does_not() {
    let gates = |names: &[&str]| names.iter().map(|name| json!({"name": name})).collect::<Vec<Value>>();
    for (names, is_gated) in [
        (&[][..], false),
        (&["outrigger.dev/plan"], false),
        (&["kueue.x-k8s.io/admission"], true),
        (&["outrigger.dev/plan", "kueue.x-k8s.io/admission"], true),
    ] {
        assert_eq!(pod(&json!({"schedulingGates": gates(names)})).is_gated, is_gated, "{names:?}");
    }
    assert!(!pod(&json!({"schedulingGates": null})).is_gated);
}

#[test]
fn the_scheduler_is_read_where_the_object_names_one() {
    let name = |spec: &Value| pod(spec).scheduler_name.map(|name| name.to_string());
    assert_eq!(name(&json!({"schedulerName": "volcano"})), Some("volcano".to_owned()));
    assert_eq!((name(&json!({"schedulerName": ""})), name(&json!({}))), (None, None));
}
