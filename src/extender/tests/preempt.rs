//! Tests of preempt: the victims of kube-scheduler are returned unchanged.

use serde_json::{Value, json};

use crate::extender::tests::answer;
use crate::extender::{DecodeError, preempt};

fn answered(question: &Value) -> Value {
    answer(&preempt(&serde_json::to_vec(question).unwrap()).unwrap())
}

#[test]
fn both_forms_of_victims_have_the_same_response() {
    let meta = json!({"n1": {"Pods": [{"UID": "u1"}, {"UID": "u2"}], "NumPDBViolations": 1}});
    let whole =
        json!({"n1": {"Pods": [{"metadata": {"uid": "u1"}}, {"metadata": {"uid": "u2"}}], "NumPDBViolations": 1}});
    let answers = [
        answered(&json!({"Pod": {}, "NodeNameToVictims": null, "NodeNameToMetaVictims": meta})),
        answered(&json!({"Pod": {}, "NodeNameToVictims": whole, "NodeNameToMetaVictims": null})),
        answered(&json!({"Pod": {}, "NodeNameToMetaVictims": meta})),
    ];
    for answer in answers {
        assert_eq!(answer, json!({"NodeNameToMetaVictims": meta}));
    }
}

#[test]
fn null_victims_are_no_victims() {
    let nothing = json!({"Pods": [], "NumPDBViolations": 0});
    for victims in [json!(null), json!({}), json!({"Pods": null}), json!({"Pods": [null, {}, {"metadata": {}}]})] {
        let answer = answered(&json!({"Pod": {}, "NodeNameToVictims": {"n1": victims}}));
        assert_eq!(answer, json!({"NodeNameToMetaVictims": {"n1": nothing}}));
    }
    assert_eq!(answered(&json!({"Pod": {}})), json!({"NodeNameToMetaVictims": {}}));
}

#[test]
fn a_request_without_a_pod_is_an_error() {
    for body in ["{}", r#"{"Pod": null}"#] {
        assert!(matches!(preempt(body.as_bytes()), Err(DecodeError::NoPod)), "{body}");
    }
    assert!(matches!(preempt(br"[{}, {}, {}]"), Err(DecodeError::NoObject)));
}
