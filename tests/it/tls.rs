//! Only the right authority is trusted, and certificates change while connections stay open.

use std::path::Path;

use anyhow::ensure;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api_server::ApiServer;
use crate::objects::{pod, review};
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

    // Half a change: the certificate is there, its key is not.
    let next = tempfile::tempdir().unwrap();
    issue(next.path());
    replace(folder, next.path(), "tls.crt");
    until("the half change is reported", PATIENCE, async || {
        ensure!(program.log().contains("cannot be used together"), "{}", program.log());
        Ok(())
    })
    .await
    .unwrap();
    let old = Caller::trusting(program.admission.address, &folder.join("ca.crt"));
    assert_eq!(ask(&old).await.unwrap().status, 200, "the last good one is served");

    replace(folder, next.path(), "tls.key");
    until("the new certificate is served", PATIENCE, async || {
        let new = Caller::trusting(program.admission.address, &next.path().join("ca.crt"));
        ask(&new).await?.succeeded()
    })
    .await
    .unwrap();
    // A new connection of a caller that trusts the old authority alone is refused, an open one goes on.
    let old = Caller::trusting(program.admission.address, &folder.join("ca.crt"));
    assert!(ask(&old).await.is_err());
    assert_eq!(ask(&first).await.unwrap().status, 200, "the connection that was open");

    let expiry = program.metric("outrigger_certificate_expiry_timestamp_seconds").await.unwrap();
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
