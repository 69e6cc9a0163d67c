//! Only the right authority is trusted, and certificates change while connections stay open.

use std::path::Path;

use anyhow::ensure;
use assert_cmd::Command;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api_server::ApiServer;
use crate::objects::{binding_args, node, pod, review};
use crate::program::{Caller, PATIENCE, Program, Settings, issue};
use crate::wait::until;

/// Puts a file of another folder in the place of ours, as a mounted Secret changes: all at once.
fn replace(folder: &Path, from: &Path, name: &str) {
    std::fs::copy(from.join(name), folder.join("new")).unwrap();
    std::fs::rename(folder.join("new"), folder.join(name)).unwrap();
}

#[tokio::test]
async fn another_authority_and_plain_http_are_refused() {
    let api = ApiServer::start(Vec::new());
    let program = Program::start(&api, Settings::default()).await;
    let elsewhere = tempfile::tempdir().unwrap();
    issue(elsewhere.path());
    let question = review(&pod("a")).to_string();
    let stranger = Caller::trusting(program.admission.address, &elsewhere.path().join("ca.crt"));
    let error = stranger.post("/admission/mutate", question.clone()).await.unwrap_err();
    assert!(format!("{error:?}").contains("invalid peer certificate"), "{error:?}");
    let plain = Caller::plain(program.admission.address);
    assert!(plain.post("/admission/mutate", question.clone()).await.is_err());
    // Neither harms the others.
    assert_eq!(program.admission.post("/admission/mutate", question).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_new_certificate_is_served_and_open_connections_go_on() {
    let api = ApiServer::start(Vec::new());
    let program = Program::start(&api, Settings::default()).await;
    let folder = program.folder.path();
    let question = review(&pod("a")).to_string();
    let ask = async |caller: &Caller| caller.post("/admission/mutate", question.clone()).await;
    let first = program.admission.clone();
    assert_eq!(ask(&first).await.unwrap().status, 200);

    let reloaded = async |expected: f64| {
        until("the metric says so", PATIENCE, async || {
            let value = program
                .metric(r#"outrigger_certificate_last_reload_successful{listener="admission",kind="serving"}"#)
                .await?;
            ensure!((value - expected).abs() < 0.1, "it is {value}");
            Ok(())
        })
        .await
        .unwrap();
    };
    reloaded(1.0).await;

    // Half a change: the certificate is there, its key is not. Undone, all is well again.
    let next = tempfile::tempdir().unwrap();
    issue(next.path());
    let before = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("tls.crt"), before.path().join("tls.crt")).unwrap();
    replace(folder, next.path(), "tls.crt");
    reloaded(0.0).await;
    assert!(program.log().contains("cannot be used together"), "{}", program.log());
    replace(folder, before.path(), "tls.crt");
    reloaded(1.0).await;
    replace(folder, next.path(), "tls.crt");
    reloaded(0.0).await;
    let old = Caller::trusting(program.admission.address, &folder.join("ca.crt"));
    assert_eq!(ask(&old).await.unwrap().status, 200, "the last good one is served");

    replace(folder, next.path(), "tls.key");
    until("the new certificate is served", PATIENCE, async || {
        let new = Caller::trusting(program.admission.address, &next.path().join("ca.crt"));
        ask(&new).await?.succeeded()
    })
    .await
    .unwrap();
    reloaded(1.0).await;
    // A new connection of a caller that trusts the old authority alone is refused, an open one goes on.
    let old = Caller::trusting(program.admission.address, &folder.join("ca.crt"));
    assert!(ask(&old).await.is_err());
    assert_eq!(ask(&first).await.unwrap().status, 200, "the connection that was open");

    let expiry = program
        .metric(r#"outrigger_certificate_expiry_timestamp_seconds{listener="admission",kind="serving"}"#)
        .await
        .unwrap();
    assert!(expiry > 1.7e9, "{expiry}");
}

#[tokio::test]
async fn many_requests_use_one_connection() {
    let api = ApiServer::start(Vec::new());
    let program = Program::start(&api, Settings::default()).await;
    let mut stream = TcpStream::connect(program.extender.address).await.unwrap();
    let body = r#"{"PodName":""}"#;
    let request = format!("POST /extender/bind HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for _ in 0..50 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"scheduler/extender/v1") {
            let mut piece = [0; 1_024];
            let read = tokio::time::timeout(PATIENCE, stream.read(&mut piece)).await.unwrap().unwrap();
            assert!(read > 0, "closed after {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..read]);
        }
        let answer = String::from_utf8(answer).unwrap().to_lowercase();
        assert!(answer.starts_with("http/1.1 400") && answer.contains("content-length: "), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn an_extender_with_an_authority_for_callers_answers_nobody_without_a_certificate_of_it() {
    let [ours, theirs] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    for folder in [&ours, &theirs] {
        let mut command = Command::cargo_bin("outrigger").unwrap();
        command.args(["certs", "--name", "127.0.0.1", "--client", "--out"]).arg(folder.path()).assert().code(0);
    }
    let file = |name: &str| ours.path().join(name).display().to_string();
    std::fs::copy(ours.path().join("ca.crt"), ours.path().join("callers.crt")).unwrap();
    let [cert, key, ca] = ["tls.crt", "tls.key", "callers.crt"].map(file);
    let arguments = ["--extender-tls-cert", &cert, "--extender-tls-key", &key, "--extender-tls-client-ca", &ca];
    let api = ApiServer::start(vec![node("n1"), pod("a")]);
    let program = Program::start(&api, Settings { arguments: &arguments, ..Settings::default() }).await;
    let address = program.extender.address;
    let binding = binding_args(&api.pod("a"), "n1").to_string();
    let strangers = [
        Caller::trusting(address, &ours.path().join("ca.crt")),
        Caller::showing(address, ours.path(), theirs.path()),
        Caller::plain(address),
    ];
    for stranger in strangers {
        let answer = stranger.post("/extender/bind", binding.clone()).await;
        assert!(answer.as_ref().is_err(), "{answer:?}");
    }
    assert!(api.pod("a")["spec"]["nodeName"].is_null());
    let scheduler = Caller::showing(address, ours.path(), ours.path());
    let bound = scheduler.post("/extender/bind", binding).await.unwrap();
    assert_eq!((bound.status, bound.body.as_str()), (200, r#"{"Error":""}"#));

    // Another authority of callers, while connections stay open: first a file that has none, then that of the others.
    let metric = |name: &str| format!(r#"outrigger_certificate_{name}{{listener="extender",kind="client_ca"}}"#);
    let reloaded = async |expected: f64| {
        until("the metric says so", PATIENCE, async || {
            let value = program.metric(&metric("last_reload_successful")).await?;
            ensure!((value - expected).abs() < 0.1, "it is {value}");
            Ok(())
        })
        .await
        .unwrap();
    };
    let answers = async |folder: &Path| {
        let caller = Caller::showing(address, ours.path(), folder);
        caller.post("/extender/bind", "{}".to_owned()).await.is_ok()
    };
    reloaded(1.0).await;
    std::fs::write(ours.path().join("none"), "").unwrap();
    std::fs::copy(theirs.path().join("ca.crt"), ours.path().join("others.crt")).unwrap();
    let callers = ours.path().join("callers.crt");
    std::fs::rename(ours.path().join("none"), &callers).unwrap();
    reloaded(0.0).await;
    assert!(answers(ours.path()).await, "the last good authority stays in use");
    std::fs::rename(ours.path().join("others.crt"), &callers).unwrap();
    reloaded(1.0).await;
    assert!(answers(theirs.path()).await && !answers(ours.path()).await, "the new authority");
    assert_eq!(
        scheduler.post("/extender/bind", "{}".to_owned()).await.unwrap().status,
        400,
        "the connection that was open"
    );
    assert!(program.metric(&metric("expiry_timestamp_seconds")).await.unwrap() > 1.7e9);
}

#[tokio::test]
async fn beyond_loopback_the_extender_asks_callers_for_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    issue(folder.path());
    let api = ApiServer::start(Vec::new());
    let mut command = Command::cargo_bin("outrigger").unwrap();
    command.args(["serve", "--role", "extender", "--extender-listen", "0.0.0.0:0", "--kubeconfig"]);
    command.arg(api.kubeconfig(folder.path())).args(["--metrics-listen", "127.0.0.1:0"]).timeout(PATIENCE);
    command.args(["--extender-tls-cert", "tls.crt", "--extender-tls-key", "tls.key"]).current_dir(folder.path());
    let ended = command.assert().code(2);
    let said = String::from_utf8_lossy(&ended.get_output().stderr).into_owned();
    assert!(said.contains("0.0.0.0:0") && said.contains("--extender-tls-client-ca"), "{said}");
}
