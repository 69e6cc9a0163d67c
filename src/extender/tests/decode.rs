//! Tests of decoding requests.

use crate::extender::{DecodeError, decode_arguments, decode_binding_arguments};

const POD: &str = r#"{"metadata": {"name": "a", "namespace": "s", "uid": "u"}}"#;

#[test]
fn escapes_in_names_are_decoded() {
    let body = format!(r#"{{"Pod": {POD}, "NodeNames": ["plain", "esc\"\u00e9\\", "☃"]}}"#);
    let arguments = decode_arguments(body.as_bytes()).unwrap();
    assert_eq!(arguments.candidates.names(), ["plain", "esc\"é\\", "☃"]);
    assert_eq!((arguments.pod.key.to_string(), arguments.pod.key.uid.as_str()), ("s/a".to_owned(), "u"));
}

#[test]
fn both_spellings_of_a_key_are_decoded() {
    for (pod, names) in [("Pod", "NodeNames"), ("pod", "nodeNames"), ("pod", "nodenames")] {
        let body = format!(r#"{{"{pod}": {POD}, "{names}": ["n1"]}}"#);
        assert_eq!(decode_arguments(body.as_bytes()).unwrap().candidates.names(), ["n1"], "{names}");
    }
    for [namespace, name, uid, node] in [
        ["PodNamespace", "PodName", "PodUID", "Node"],
        ["podNamespace", "podName", "podUID", "node"],
        ["podnamespace", "podname", "poduid", "node"],
    ] {
        let body = format!(r#"{{"{namespace}": "s", "{name}": "a", "{uid}": "u", "{node}": "n1"}}"#);
        let read = decode_binding_arguments(body.as_bytes()).unwrap();
        assert_eq!(
            [read.namespace.as_str(), read.name.as_str(), read.uid.as_str(), read.node.as_str()],
            ["s", "a", "u", "n1"]
        );
    }
}

#[test]
fn names_win_over_whole_nodes() {
    let body = format!(r#"{{"Pod": {POD}, "Nodes": {{"items": []}}, "NodeNames": ["n1"]}}"#);
    assert_eq!(decode_arguments(body.as_bytes()).unwrap().candidates.names(), ["n1"]);
}

#[test]
fn a_body_that_cannot_be_decoded_is_an_error_with_its_cause() {
    let problem = |body: &str| decode_arguments(body.as_bytes()).unwrap_err();
    assert!(matches!(problem("{}"), DecodeError::NoPod));
    assert!(matches!(problem(r#"{"Pod": null, "NodeNames": []}"#), DecodeError::NoPod));
    assert!(matches!(problem(&format!("[{POD}, null, []]")), DecodeError::NoObject));
    assert!(matches!(problem("{"), DecodeError::Body(_)));
    assert!(matches!(problem(&format!(r#"{{"Pod": {POD}, "NodeNames": [1]}}"#)), DecodeError::Body(_)));
    let asks = r#"{"Pod": {"metadata": {}, "spec": {"containers": [{"resources": {"requests": {"cpu": "much"}}}]}}}"#;
    assert!(matches!(problem(asks), DecodeError::Pod(_)));
}

#[test]
fn every_field_of_a_binding_is_required() {
    let fields = ["PodNamespace", "PodName", "PodUID", "Node"];
    for missing in fields {
        for value in [None, Some("null"), Some(r#""""#)] {
            let there = fields.iter().filter(|field| **field != missing).map(|field| format!(r#""{field}": "x""#));
            let broken = value.map(|value| format!(r#""{missing}": {value}"#));
            let body = format!("{{{}}}", there.chain(broken).collect::<Vec<_>>().join(", "));
            let error = decode_binding_arguments(body.as_bytes()).unwrap_err();
            assert!(matches!(error, DecodeError::Missing(field) if field == missing), "{body}: {error}");
        }
    }
}

#[test]
fn a_list_that_is_too_long_is_an_error() {
    let body = |count: usize| format!(r#"{{"Pod": {POD}, "NodeNames": [{}"a"]}}"#, r#""a","#.repeat(count - 1));
    assert_eq!(decode_arguments(body(100_000).as_bytes()).unwrap().candidates.names().len(), 100_000);
    let error = decode_arguments(body(100_001).as_bytes()).unwrap_err().to_string();
    assert!(error.contains("at most 100000 names of nodes"), "{error}");
}
