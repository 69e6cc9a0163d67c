//! Alive at once, ready when everything has been listed, answering in between, and ending in order.

use std::net::TcpListener;

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::api_server::{ApiServer, OpenStreams};
use crate::objects::{binding_args, extender_args, node, pod, review};
use crate::program::{PATIENCE, Program, Settings};
use crate::wait::until;

#[tokio::test]
async fn alive_before_ready_and_ready_after_the_first_lists() {
    let api = ApiServer::silent(vec![node("n1"), pod("a")]);
    let program = Program::start_unready(&api, Settings::default()).await;
    let waiting = "not ready: waiting for the first list of HostPool, StreamJob, Node, Pod\n";
    until("only the kinds that the cluster has are waited for", PATIENCE, async || {
        let unready = program.operations.get("/readyz").await?;
        anyhow::ensure!((unready.status, unready.body.as_str()) == (503, waiting), "{unready:?}");
        Ok(())
    })
    .await
    .unwrap();

    // Nothing can be said about a PE yet: kube-scheduler is told so, and tries again.
    let question = extender_args(&pod("a"), &["n1"]).to_string();
    let answer = program.extender.post("/extender/filter", question.clone()).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.json()["Error"].as_str().unwrap().starts_with("StaleState"), "{}", answer.body);
    // A pod of no policy is none of ours, and passes.
    let mut stranger = pod("stranger");
    stranger["metadata"]["labels"] = json!({});
    let passed = program.extender.post("/extender/filter", extender_args(&stranger, &["n1"]).to_string()).await;
    assert_eq!(passed.unwrap().json()["NodeNames"], json!(["n1"]));

    api.open();
    until("it is ready", PATIENCE, async || program.operations.get("/readyz").await?.succeeded()).await.unwrap();
    let answer = program.extender.post("/extender/filter", question).await.unwrap();
    assert_eq!((answer.json()["NodeNames"].clone(), answer.json()["Error"].clone()), (json!(["n1"]), json!("")));
}

#[tokio::test]
async fn kinds_of_open_streams_that_may_not_be_read_stop_nobody_else() {
    for open_streams in [OpenStreams::DiscoveryForbidden, OpenStreams::ListsForbidden] {
        let api = ApiServer::silent(vec![node("n1"), pod("a")]);
        api.serve_open_streams(open_streams);
        api.open();
        let program = Program::start(&api, Settings::default()).await;
        let question = extender_args(&pod("a"), &["n1"]).to_string();
        let answer = program.extender.post("/extender/filter", question).await.unwrap();
        assert_eq!(answer.json()["NodeNames"], json!(["n1"]), "{}", answer.body);
        // A PE whose `ProcessingElement` cannot be read waits.
        let question = extender_args(&open_streams_pod("b"), &["n1"]).to_string();
        let answer = program.extender.post("/extender/filter", question).await.unwrap();
        let error = answer.json()["Error"].to_string();
        assert!(error.contains("the object that declares the placement of the pod has not been seen yet"), "{error}");
        assert!(program.log().contains("the kind may not be read"), "{}", program.log());
    }
}

/// A PE that belongs to a `ProcessingElement`.
fn open_streams_pod(name: &str) -> Value {
    let mut pod = pod(name);
    pod["metadata"]["labels"] =
        json!({"app": "streams", "svc": "pe", "streams.ibm.com/job": "j", "streams.ibm.com/pe": "1"});
    pod["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "streams.ibm.com/v1", "kind": "ProcessingElement", "name": "j-1", "uid": "u", "controller": true,
    }]);
    pod
}

#[tokio::test]
async fn a_watch_that_goes_on_after_a_failure_is_healthy_before_anything_changes() {
    let api = ApiServer::start(vec![node("n1")]);
    api.take_watches(false);
    let program = Program::start(&api, Settings::default()).await;
    let age = "outrigger_snapshot_age_seconds";
    until("the view goes stale", PATIENCE, async || {
        anyhow::ensure!(program.metric(age).await? > 0.0);
        Ok(())
    })
    .await
    .unwrap();
    api.take_watches(true);
    until("the view is fresh", PATIENCE, async || {
        let seconds = program.metric(age).await?;
        anyhow::ensure!(seconds <= 0.0, "{seconds} s");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_pod_goes_the_whole_way_and_is_counted() {
    let api = ApiServer::start(vec![node("n1"), node("n2"), pod("a")]);
    let program = Program::start(&api, Settings::default()).await;
    let waiting = api.pod("a");
    let question = extender_args(&waiting, &["n1", "n2"]).to_string();
    let scores = program.extender.post("/extender/prioritize", question).await.unwrap().json();
    assert_eq!(scores[0], json!({"Host": "n1", "Score": 10}), "{scores}");
    let bound = program.extender.post("/extender/bind", binding_args(&waiting, "n1").to_string()).await.unwrap();
    assert_eq!((bound.status, bound.body.as_str()), (200, r#"{"Error":""}"#));
    let bound = api.pod("a");
    assert_eq!(bound["spec"]["nodeName"], "n1");
    assert!(bound["metadata"]["annotations"]["outrigger.dev/placement"].is_string(), "{bound}");
    let reviewed = program.admission.post("/admission/mutate", review(&pod("b")).to_string()).await.unwrap().json();
    assert_eq!((&reviewed["response"]["allowed"], &reviewed["response"]["uid"]), (&json!(true), &json!("review-1")));
    assert!(reviewed["response"]["patch"].is_string(), "{reviewed}");

    let placements = r#"outrigger_placements_total{result="bound",pool="none",scheme="balancedInstance"}"#;
    assert_eq!(program.metric(placements).await.unwrap().to_string(), "1");
    assert_eq!(program.metric(r#"outrigger_injections_total{policy="annotations"}"#).await.unwrap().to_string(), "1");
    let seen = "the watch shows the binding, and the ledger is empty again";
    until(seen, PATIENCE, async || {
        let entries = program.metric(r#"outrigger_ledger_entries{state="committed"}"#).await?;
        anyhow::ensure!(entries.to_string() == "0", "{entries} entries");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn other_paths_and_methods_are_turned_away() {
    let api = ApiServer::start(Vec::new());
    let program = Program::start(&api, Settings::default()).await;
    for path in ["/", "/extender", "/extender/filter/", "/extender/../metrics", "/metrics", "/livez"] {
        assert_eq!(program.extender.post(path, "{}").await.unwrap().status, 404, "{path}");
    }
    assert_eq!(program.extender.get("/extender/filter").await.unwrap().status, 405);
    assert_eq!(program.admission.get("/admission/mutate").await.unwrap().status, 405);
    assert_eq!(program.admission.post("/extender/bind", "{}").await.unwrap().status, 404, "each role has its own door");
    assert_eq!(program.operations.post("/metrics", "").await.unwrap().status, 405);
}

#[tokio::test]
async fn ends_with_0_when_asked_to() {
    let api = ApiServer::start(Vec::new());
    let mut program = Program::start(&api, Settings::default()).await;
    let status = program.process.terminate(PATIENCE).await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", program.log());
    assert!(program.log().contains("stopping"), "{}", program.log());
}

#[tokio::test]
async fn an_address_that_is_taken_ends_it_with_2_and_is_named() {
    let api = ApiServer::start(Vec::new());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _holder = TcpListener::bind(taken).unwrap();
    let said = rejected(&api, &taken.to_string());
    assert!(said.contains(&format!("cannot listen on {taken}")), "{said}");
}

#[tokio::test]
async fn plain_http_is_for_loopback_only() {
    let api = ApiServer::start(Vec::new());
    let said = rejected(&api, "0.0.0.0:0");
    assert!(said.contains("not loopback") && said.contains("--extender-tls-cert"), "{said}");
}

/// What is said by an extender that cannot listen there and ends with 2.
fn rejected(api: &ApiServer, address: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("outrigger").unwrap();
    command.args(["serve", "--role", "extender", "--extender-listen", address, "--kubeconfig"]);
    command.arg(api.kubeconfig(folder.path())).args(["--metrics-listen", "127.0.0.1:0"]).timeout(PATIENCE);
    let ended = command.assert().code(2);
    String::from_utf8(ended.get_output().stderr.clone()).unwrap()
}
