//! preempt gives back what kube-scheduler proposes, in the form of the contract.

use serde_json::{Value, json};

use super::answer;
use crate::extender::{DecodeError, preempt};

fn answered(question: &Value) -> Value {
    answer(&preempt(&serde_json::to_vec(question).unwrap()).unwrap())
}

#[test]
fn both_forms_of_victims_are_answered_alike() {
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
fn null_reads_as_nothing() {
    let nothing = json!({"Pods": [], "NumPDBViolations": 0});
    for victims in [json!(null), json!({}), json!({"Pods": null}), json!({"Pods": [null, {}, {"metadata": {}}]})] {
        let answer = answered(&json!({"Pod": {}, "NodeNameToVictims": {"n1": victims}}));
        assert_eq!(answer, json!({"NodeNameToMetaVictims": {"n1": nothing}}));
    }
    assert_eq!(answered(&json!({"Pod": {}})), json!({"NodeNameToMetaVictims": {}}));
}

#[test]
fn a_question_without_a_pod_is_not_answered() {
    for body in ["{}", r#"{"Pod": null}"#] {
        assert!(matches!(preempt(body.as_bytes()), Err(DecodeError::NoPod)), "{body}");
    }
    assert!(matches!(preempt(br"[{}, {}, {}]"), Err(DecodeError::NoObject)));
}
