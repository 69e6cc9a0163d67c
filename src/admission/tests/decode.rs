use serde_json::{Value, json};

use super::*;

fn body(change: &Value) -> Vec<u8> {
    let mut review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "u-1",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": "ns",
            "operation": "CREATE",
            "object": {"metadata": {"generateName": "pe-", "labels": {"a": "b"}}},
        },
    });
    json_patch::merge(&mut review, change);
    serde_json::to_vec(&review).unwrap()
}

fn names_a_pod(change: &Value) -> bool {
    request(&body(change)).unwrap().pod.is_some()
}

#[test]
fn only_the_creation_of_a_pod_is_looked_at() {
    assert!(names_a_pod(&json!({})));
    for change in [
        json!({"operation": "UPDATE"}),
        json!({"operation": "DELETE", "object": null}),
        json!({"operation": null}),
        json!({"object": null}),
        json!({"subResource": "ephemeralcontainers"}),
        json!({"resource": null}),
        json!({"resource": {"resource": "podtemplates"}}),
        json!({"resource": {"group": "apps", "resource": "deployments"}}),
        json!({"resource": {"version": "v2"}}),
    ] {
        assert!(!names_a_pod(&json!({"request": change})), "{change}");
    }
}

#[test]
fn what_is_no_review_says_why() {
    let error = |change: &Value| request(&body(change)).err().unwrap();
    assert_eq!(error(&json!({"request": null})), DecodeError::NoRequest);
    assert_eq!(error(&json!({"request": {"uid": null}})), DecodeError::NoUid);
    assert_eq!(error(&json!({"request": {"uid": ""}})), DecodeError::NoUid);
    for version in [json!({"apiVersion": "admission.k8s.io/v1beta1"}), json!({"kind": "Pod"}), json!({"kind": null})] {
        assert!(matches!(error(&version), DecodeError::Version { .. }), "{version}");
    }
    assert!(matches!(error(&json!({"request": "text"})), DecodeError::Envelope(_)));
}

#[test]
fn every_cut_of_a_review_is_an_error_and_none_a_panic() {
    let whole = body(&json!({}));
    for end in 0..whole.len() {
        assert!(matches!(request(&whole[..end]), Err(DecodeError::Envelope(_))), "cut at {end}");
    }
}

#[test]
fn an_error_does_not_echo_a_long_body() {
    let error = request(&body(&json!({"apiVersion": "x".repeat(10_000)}))).err().unwrap();
    assert!(error.to_json().len() < 500);
    let error = request(&body(&json!({"request": "x".repeat(10_000)}))).err().unwrap();
    assert!(error.to_json().len() < 500);
}

#[test]
fn the_answer_to_an_error_is_json_that_says_what_is_wrong() {
    let answer: Value = serde_json::from_slice(&DecodeError::NoUid.to_json()).unwrap();
    assert_eq!(answer, json!({"error": "the request has no uid"}));
}

#[test]
fn the_scan_reads_names_and_labels_and_accepts_null() {
    let look = |object: &Value| {
        let text = object.to_string();
        pod_meta(serde_json::from_str(&text).unwrap()).unwrap()
    };
    let seen = look(&json!({"metadata": {"name": "", "generateName": "pe-", "labels": null}, "spec": {"x": [1]}}));
    assert!(seen.labels.is_empty());
    assert_eq!(seen.complete(ReviewedObject::default()).name, "pe-");
    assert!(look(&json!({"metadata": null})).labels.is_empty());
    assert!(look(&json!({})).labels.is_empty());
}

#[test]
fn the_namespace_of_the_request_counts_and_the_objects_stands_in() {
    let object = json!({"metadata": {"namespace": "object", "name": "n"}}).to_string();
    let seen = pod_meta(serde_json::from_str(&object).unwrap()).unwrap();
    let object = |namespace: &str| ReviewedObject { namespace: namespace.to_owned(), ..ReviewedObject::default() };
    assert_eq!(seen.complete(object("request")).namespace, "request");
    assert_eq!(seen.complete(object("")).namespace, "object");
}

#[test]
fn an_object_that_is_no_pod_is_an_error_with_its_place() {
    for object in [json!([]), json!(7), json!({"metadata": 7}), json!({"metadata": {"labels": {"a": 1}}})] {
        let text = object.to_string();
        let error = pod_meta(serde_json::from_str(&text).unwrap()).err();
        // A list is read as a struct without members: no labels, no policy, and so nothing to do with us.
        assert!(error.is_some() || object == json!([]), "{object}");
    }
}
