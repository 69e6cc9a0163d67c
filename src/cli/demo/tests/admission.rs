use serde_json::{Value, json};

use super::{question, read};

fn answer(response: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
}

#[test]
fn an_answer_is_read_as_strictly_as_the_api_server_does() {
    for (response, problem) in [
        (json!({"uid": "other", "allowed": true}), "another review"),
        (json!({"uid": "u", "allowed": true, "patch": "W10="}), "must come together"),
        (json!({"uid": "u", "allowed": true, "patchType": "JSONPatch"}), "must come together"),
        (json!({"uid": "u", "allowed": true, "patchType": "JSONPatch", "patch": [91, 93]}), "must come together"),
        (json!({"uid": "u", "allowed": true, "patchType": "JSONPatch", "patch": "[]"}), "no base64"),
        (json!({"uid": "u", "allowed": true, "patchType": "JSONPatch", "patch": "e30="}), "no JSON Patch"),
    ] {
        let error = read(&answer(&response), "u").err().unwrap_or_default();
        assert!(error.contains(problem), "{response}: {error}");
    }
    let mut old = answer(&json!({"uid": "u", "allowed": true}));
    *old.get_mut("apiVersion").unwrap() = json!("admission.k8s.io/v1beta1");
    assert!(read(&old, "u").is_err());
}

#[test]
fn what_is_allowed_and_what_is_denied() {
    let plain = read(&answer(&json!({"uid": "u", "allowed": true, "warnings": ["w"]})), "u").unwrap();
    assert!(plain.denied.is_none() && plain.patch.is_none());
    assert_eq!(plain.warnings, ["w"]);
    let denied = read(&answer(&json!({"uid": "u", "allowed": false, "status": {"message": "no"}})), "u").unwrap();
    assert_eq!(denied.denied.as_deref(), Some("no"));
}

#[test]
fn the_question_is_that_of_creating_a_pod() {
    let question = question(&json!({"metadata": {"name": "p", "namespace": "ns"}}), "u");
    let at = |path: &str| question.pointer(path).cloned().unwrap_or_default();
    assert_eq!(at("/request/uid"), "u");
    assert_eq!(at("/request/operation"), "CREATE");
    assert_eq!(at("/request/namespace"), "ns");
    assert_eq!(at("/request/resource"), json!({"group": "", "version": "v1", "resource": "pods"}));
    assert_eq!(at("/request/object/metadata/name"), "p");
}
