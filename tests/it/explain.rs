//! `outrigger explain`: over loopback, through the API server, and without an extender.

use std::ffi::OsString;
use std::net::SocketAddr;

use anyhow::ensure;
use assert_cmd::Command;
use serde_json::{Value, json};

use crate::api_server::ApiServer;
use crate::objects::{binding_args, node, pod};
use crate::port_forward::PortForward;
use crate::ports::free_address;
use crate::program::{PATIENCE, Program, Settings};
use crate::wait::until;

/// Exit code, standard output and standard error of `outrigger explain`.
async fn run(arguments: &[&str]) -> (i32, String, String) {
    run_as("outrigger", arguments).await
}

async fn run_as(name: &'static str, arguments: &[&str]) -> (i32, String, String) {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    // The fake servers run on this thread.
    let ended = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join(name);
        std::os::unix::fs::symlink(assert_cmd::cargo::cargo_bin("outrigger"), &program).unwrap();
        let mut command = Command::new(program);
        command.arg("explain").args(arguments).env("KUBECONFIG", "/nowhere").env_remove("RUST_LOG");
        command.timeout(PATIENCE).output().unwrap()
    });
    let output = ended.await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A program with a PE `a` on node `n1`, and a PE `b` that waits.
async fn program() -> (ApiServer, Program) {
    let mut waiting = pod("b");
    waiting["metadata"]["annotations"]["outrigger.dev/hosts"] = json!("n9");
    let api = ApiServer::start(vec![node("n1"), node("n2"), pod("a"), waiting]);
    let program = Program::start(&api, Settings::default()).await;
    let bound = program.extender.post("/extender/bind", binding_args(&api.pod("a"), "n1").to_string()).await.unwrap();
    assert_eq!(bound.json()["Error"], json!(""), "{}", bound.body);
    until("the watch shows it", PATIENCE, async || {
        let answer = program.extender.get("/explain/pods/ns/a").await?;
        ensure!(answer.json()["state"] == "placed", "{}", answer.body);
        Ok(())
    })
    .await
    .unwrap();
    (api, program)
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[tokio::test]
async fn the_extender_explains_on_loopback_what_it_knows() {
    let (_api, program) = program().await;
    let get = async |path: &str| program.extender.get(path).await.unwrap();
    let placed = get("/explain/pods/ns/a").await.json();
    assert_eq!((&placed["node"], &placed["record"]["node"]), (&json!("n1"), &json!("n1")), "{placed}");
    let waiting = get("/explain/pods/ns/b").await;
    assert_eq!(waiting.status, 200);
    assert_eq!(waiting.json()["refused"], json!({"HostMismatch": 2}), "{}", waiting.body);
    for (path, status, said) in [
        ("/explain/pods/ns/c", 404, "there is no pod ns/c"),
        ("/explain/pods/other/a", 404, "there is no pod other/a"),
        ("/explain/pods/ns", 404, ""),
        ("/explain/pods/%00/%F0%9F%98%80", 404, "there is no pod"),
    ] {
        let answer = get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.body.contains(said), "{path}: {}", answer.body);
    }
    assert_eq!(program.extender.post("/explain/pods/ns/a", "{}").await.unwrap().status, 405);
    assert_eq!(program.admission.get("/explain/pods/ns/a").await.unwrap().status, 404, "on loopback alone");
    assert_eq!(program.operations.get("/explain/pods/ns/a").await.unwrap().status, 404, "on loopback alone");
}

#[tokio::test]
async fn nothing_is_explained_before_the_first_list() {
    let api = ApiServer::silent(vec![node("n1"), pod("a")]);
    let program = Program::start_unready(&api, Settings::default()).await;
    let answer = program.extender.get("/explain/pods/ns/a").await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.body.contains("not been listed yet"), "{}", answer.body);
}

#[tokio::test]
async fn the_command_shows_it_in_every_form_and_ends_by_what_it_found() {
    let (_api, program) = program().await;
    let server = url(program.extender.address);
    let (code, table, error) = run(&["--server", &server, "-n", "ns", "a"]).await;
    assert_eq!((code, error.as_str()), (0, ""), "{table}");
    assert!(table.contains("The pod is on n1") && table.contains("outrigger.dev/placement"), "{table}");
    let (code, table, _) = run_as("kubectl-outrigger", &["--server", &server, "--namespace", "ns", "b"]).await;
    assert_eq!(code, 3, "{table}");
    for said in
        ["none of 2 nodes fits", "HostMismatch", "n1: 1 rule speaks against it", "add it to outrigger.dev/hosts"]
    {
        assert!(table.contains(said), "{said}: {table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");

    let asked = program.extender.get("/explain/pods/ns/b").await.unwrap().json();
    let (code, printed, _) = run(&["--server", &server, "-n", "ns", "b", "-o", "json"]).await;
    assert_eq!((code, serde_json::from_str::<Value>(&printed).unwrap()), (3, asked.clone()));
    let (code, printed, _) = run(&["--server", &server, "-n", "ns", "b", "-o", "yaml"]).await;
    assert_eq!((code, serde_saphyr::from_str::<Value>(&printed).unwrap()), (3, asked));

    let nobody = url(free_address().unwrap());
    for (arguments, expected, said) in [
        (&["--server", &server, "-n", "ns", "c"][..], 2, "there is no pod ns/c"),
        (&["--server", &server, "-n", "ns", "a/b"], 2, "pod `a/b`"),
        (&["--server", "https://127.0.0.1:1", "a"], 2, "expected http://ADDRESS:PORT"),
        (&["--server", &nobody, "-n", "ns", "a"], 1, "refused"),
        (&["--kubeconfig", "/nowhere/config", "a"], 2, "/nowhere/config"),
        (&["--kubeconfig", "/nowhere/config", "a", "-o", "xml"], 2, "possible values: table, json, yaml"),
    ] {
        let (code, out, error) = run(arguments).await;
        assert_eq!((code, out.as_str()), (expected, ""), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

#[tokio::test]
async fn the_command_reaches_the_leader_by_port_forward_with_the_rights_of_its_caller() {
    let (_api, program) = program().await;
    let forward = PortForward::start("outrigger-scheduler-1", Some(program.extender.address)).await;
    let kubeconfig = forward.kubeconfig(program.folder.path());
    let (code, printed, error) = run(&["--kubeconfig", kubeconfig.to_str().unwrap(), "b", "-o", "json"]).await;
    assert_eq!((code, error.as_str()), (3, ""), "{printed}");
    let explanation: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&explanation["source"], &explanation["pod"]), (&json!("extender"), &json!("ns/b")), "{printed}");
}

#[tokio::test]
async fn without_an_extender_record_and_conditions_are_read_from_the_pod() {
    let (api, program) = program().await;
    let kubeconfig = api.kubeconfig(program.folder.path());
    let kubeconfig = kubeconfig.to_str().unwrap();
    let (code, table, note) = run(&["--kubeconfig", kubeconfig, "-n", "ns", "a"]).await;
    assert_eq!(code, 0, "{table}{note}");
    assert!(note.contains("The extender was not asked") && table.contains("The pod is on n1"), "{table}{note}");
    let mut waiting = api.pod("b");
    let message = "0/2 nodes are available: 2 HostMismatch.";
    waiting["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "False", "message": message}]);
    api.put(waiting);
    let (code, table, _) = run(&["--kubeconfig", kubeconfig, "-n", "ns", "b"]).await;
    assert_eq!(code, 3, "{table}");
    assert!(table.contains(message), "{table}");
    let (code, _, error) = run(&["--kubeconfig", kubeconfig, "-n", "ns", "c"]).await;
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("there is no pod ns/c"), "{error}");
}

#[tokio::test]
async fn a_port_that_is_refused_in_the_pod_is_told() {
    let forward = PortForward::start("outrigger-scheduler-1", None).await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = forward.kubeconfig(folder.path());
    let (code, _, error) = run(&["--kubeconfig", kubeconfig.to_str().unwrap(), "b"]).await;
    // The played server has no such pod either.
    assert!(error.contains("pod outrigger-scheduler-1: connection refused"), "{code}: {error}");
}
