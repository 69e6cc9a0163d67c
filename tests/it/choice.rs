//! filter names the best node alone where nothing else could choose, and another one where kube-scheduler did not bind.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::objects::{binding_args, extender_args, node, pod};
use crate::program::{PATIENCE, Program, Settings};
use crate::wait::until;

/// Filter names the best node alone where no score could choose another.
fn deciding() -> Settings<'static> {
    Settings { arguments: &["--filter-names", "best"], ..Settings::default() }
}

async fn named(program: &Program, pod: &Value) -> Vec<String> {
    let question = extender_args(pod, &["n1", "n2", "n3"]).to_string();
    let answer = program.extender.post("/extender/filter", question).await.unwrap();
    serde_json::from_value(answer.json()["NodeNames"].clone()).unwrap()
}

/// The pod with a preference among nodes that kube-scheduler scores.
fn preferring(mut pod: Value) -> Value {
    let term = json!({"weight": 1, "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}});
    pod["spec"]["affinity"] = json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}});
    pod
}

fn spreading(mut pod: Value) -> Value {
    pod["spec"]["topologySpreadConstraints"] = json!([{
        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
    }]);
    pod
}

/// The node with a taint that kube-scheduler only prefers to avoid.
fn avoided(mut node: Value) -> Value {
    node["spec"]["taints"] = json!([{"key": "slow", "effect": "PreferNoSchedule"}]);
    node
}

fn tolerating(mut pod: Value) -> Value {
    pod["spec"]["tolerations"] = json!([{"key": "slow", "operator": "Exists"}]);
    pod
}

#[tokio::test]
async fn the_best_node_is_named_alone_where_no_score_of_kube_scheduler_could_choose_another() {
    let api = ApiServer::start(vec![node("n1"), node("n2"), node("n3")]);
    let program = Program::start(&api, deciding()).await;
    assert_eq!(named(&program, &pod("a")).await, ["n1"]);
    assert_eq!(named(&program, &preferring(pod("b"))).await, ["n1", "n2", "n3"], "the pod has a preference");
    assert_eq!(named(&program, &spreading(pod("c"))).await, ["n1", "n2", "n3"], "the pod spreads where it can");
}

#[tokio::test]
async fn every_node_is_named_where_kube_scheduler_prefers_to_avoid_one() {
    let api = ApiServer::start(vec![node("n1"), avoided(node("n2")), node("n3")]);
    let program = Program::start(&api, deciding()).await;
    assert_eq!(named(&program, &pod("a")).await, ["n1", "n2", "n3"]);
    assert_eq!(named(&program, &tolerating(pod("b"))).await, ["n1"], "the taint is tolerated");
}

#[tokio::test]
async fn every_node_is_named_by_default() {
    let api = ApiServer::start(vec![node("n1"), node("n2"), node("n3")]);
    let program = Program::start(&api, Settings::default()).await;
    assert_eq!(named(&program, &pod("a")).await, ["n1", "n2", "n3"]);
}

#[tokio::test]
async fn a_node_that_kube_scheduler_did_not_bind_to_stands_behind_others() {
    let api = ApiServer::start(vec![node("n1"), node("n2"), node("n3"), pod("a")]);
    let program = Program::start(&api, deciding()).await;
    for expected in ["n1", "n2", "n3", "n1"] {
        // The pod comes back without a bind, as when a volume fails on the node.
        until("filter names the next node", PATIENCE, async || {
            let named = named(&program, &api.pod("a")).await;
            ensure!(named == [expected], "{named:?}");
            Ok(())
        })
        .await
        .unwrap();
    }
    let bound = program.extender.post("/extender/bind", binding_args(&api.pod("a"), "n1").to_string()).await.unwrap();
    assert_eq!(bound.json()["Error"], "", "{}", bound.body);
}
