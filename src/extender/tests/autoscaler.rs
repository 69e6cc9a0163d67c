use serde_json::{Value, json};

use super::{simulate_filter, simulate_prioritize};
use crate::model::RequestOutcome;
use crate::state::Cluster;
use crate::testing::{asking, bound_to, cluster, node, pe, policies};

fn whole(name: &str, cpu: &str) -> Value {
    json!({
        "metadata": {"name": name, "annotations": {"kept": "as it came"}},
        "status": {"allocatable": {"cpu": cpu, "memory": "16Gi", "pods": "110"},
                   "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// A PE that wants two cores, and these nodes.
fn question(nodes: &[Value]) -> Vec<u8> {
    let pod = json!({
        "metadata": {"name": "a", "namespace": "streams", "uid": "a", "labels": {"outrigger.dev/job": "j"},
                     "annotations": {"outrigger.dev/exlocation": "x"}},
        "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]},
    });
    json!({"Pod": pod, "Nodes": {"items": nodes}, "NodeNames": null}).to_string().into_bytes()
}

/// `full` has one core left, `taken` a PE of the same exlocation group, `free` nothing.
fn known() -> Cluster {
    let running = vec![
        bound_to("full", asking(3_000, pe("k", "big", &[]))),
        bound_to("taken", pe("j", "b", &[("exlocation", "x")])),
    ];
    cluster(vec![node("full"), node("taken"), node("free")], Vec::new(), running)
}

fn filtered(cluster: &Cluster, nodes: &[Value]) -> Value {
    let (body, _) = simulate_filter(&question(nodes), cluster.snapshot(), &policies("")).unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn nodes_that_pass_are_returned_with_their_json_and_unknown_nodes_are_empty() {
    let (full, taken, new, small) = (whole("full", "4"), whole("taken", "4"), whole("new", "4"), whole("small", "1"));
    let answer = filtered(&known(), &[full, taken, new.clone(), small]);
    assert_eq!(answer["Nodes"]["items"], json!([new]));
    assert_eq!(answer["NodeNames"], Value::Null);
    let rejected = json!({
        "full": "InsufficientResources", "taken": "ExlocationConflict", "small": "InsufficientResources",
    });
    assert_eq!((&answer["FailedAndUnresolvableNodes"], &answer["Error"]), (&rejected, &json!("")));
}

#[test]
fn a_known_node_keeps_its_pods_and_takes_the_fields_of_the_request() {
    let larger = whole("full", "8");
    assert_eq!(filtered(&known(), std::slice::from_ref(&larger))["Nodes"]["items"], json!([larger]));
    let smaller = filtered(&known(), &[whole("full", "5"), whole("free", "1")]);
    assert_eq!(smaller["Nodes"]["items"][0]["metadata"]["name"], json!("full"));
    assert_eq!(smaller["FailedAndUnresolvableNodes"], json!({"free": "InsufficientResources"}));
}

#[test]
fn every_node_of_the_request_is_scored() {
    let nodes = [whole("full", "8"), whole("new", "8"), whole("wide", "64")];
    let known = known();
    let (body, outcome) = simulate_prioritize(&question(&nodes), known.snapshot(), &policies("")).unwrap();
    let scores: Vec<Value> = serde_json::from_slice(&body).unwrap();
    assert_eq!((scores.len(), outcome), (3, RequestOutcome::Scored));
    assert_eq!(scores[0], json!({"Host": "wide", "Score": 10}), "fewest PEs per core");
}

#[test]
fn names_are_filtered_as_by_filter_and_invalid_nodes_are_an_error() {
    let known = known();
    let names = |body: &str| simulate_filter(body.as_bytes(), known.snapshot(), &policies(""));
    let question = r#"{"Pod": {"metadata": {"name": "a", "namespace": "streams", "uid": "a", "labels": {"outrigger.dev/job": "j"}}},
                       "NodeNames": ["free", "unknown"]}"#;
    let (body, outcome) = names(question).unwrap();
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&answer["NodeNames"], outcome), (&json!(["free"]), RequestOutcome::Passed));
    assert_eq!(answer["FailedAndUnresolvableNodes"], json!({"unknown": "NodeUnknown"}));
    let pod = r#"{"metadata": {"name": "a"}}"#;
    for (nodes, said) in [
        (r#"{"items": [5]}"#, "Nodes: invalid type"),
        (r#"{"items": [{"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "lots"}}}]}"#, "Nodes: `lots`"),
        ("[]", "Nodes: the body must be a JSON object"),
        ("5", "Nodes: the body cannot be read"),
        (
            &format!(r#"{{"items": [{}1]}}"#, "1,".repeat(15_000)),
            "Nodes: the body cannot be read: invalid length 15001",
        ),
    ] {
        let error = names(&format!(r#"{{"Pod": {pod}, "Nodes": {nodes}}}"#)).unwrap_err();
        assert!(error.to_string().starts_with(said), "{error}");
    }
    assert!(names(r#"{"Nodes": {"items": []}}"#).unwrap_err().to_string().starts_with("Pod is missing"));
}
