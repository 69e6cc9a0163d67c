//! Who sends slowly is cut off, and keeps nobody else out.

use std::time::Duration;

use anyhow::ensure;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api_server::ApiServer;
use crate::objects::{extender_args, node, pod};
use crate::program::{PATIENCE, Program, Settings};
use crate::wait::until;

/// Begins a request and leaves it at that.
async fn begin(program: &Program, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(program.extender.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the other side closes.
async fn answer(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_body_that_does_not_come_is_cut_off_and_keeps_no_small_one_out() {
    let api = ApiServer::start(vec![node("n1"), pod("a")]);
    let program = Program::start(&api, Settings::default()).await;
    let small = extender_args(&pod("a"), &["n1"]).to_string();
    let large = extender_args(&pod("a"), &vec!["n1"; 20_000]).to_string();
    let ask = async |question: &str| program.extender.post("/extender/filter", question.to_owned()).await;
    assert_eq!(ask(&large).await.unwrap().status, 200);

    // Two announce as much as there is room for, and send one byte.
    let head = "POST /extender/filter HTTP/1.1\r\nHost: outrigger\r\nContent-Length: 8388608\r\n\r\n{";
    let slow = [begin(&program, head).await, begin(&program, head).await];
    until("a large question finds no room", PATIENCE, async || {
        let answer = ask(&large).await?;
        ensure!(answer.status == 503, "{}: {}", answer.status, answer.body);
        ensure!(answer.body.contains("try again"), "{}", answer.body);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(ask(&small).await.unwrap().status, 200, "a small one does");

    for stream in slow {
        let answer = answer(stream).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("did not arrive within 10 s"), "{answer}");
    }
    assert_eq!(ask(&large).await.unwrap().status, 200, "there is room again");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_its_room() {
    let api = ApiServer::start(vec![node("n1"), pod("a")]);
    let program = Program::start(&api, Settings::default()).await;
    let large = extender_args(&pod("a"), &vec!["n1"; 20_000]).to_string();
    let head = "POST /extender/filter HTTP/1.1\r\nHost: outrigger\r\nContent-Length: 8388608\r\n\r\n{";
    let slow = [begin(&program, head).await, begin(&program, head).await];
    let status = async || anyhow::Ok(program.extender.post("/extender/filter", large.clone()).await?.status);
    until("a large question finds no room", PATIENCE, async || {
        ensure!(status().await? == 503);
        Ok(())
    })
    .await
    .unwrap();
    drop(slow);
    let soon = Duration::from_secs(5);
    until("there is room, long before the deadline of a body", soon, async || {
        ensure!(status().await? == 200);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn headers_that_do_not_come_are_cut_off() {
    let api = ApiServer::start(Vec::new());
    let program = Program::start(&api, Settings::default()).await;
    let stream = begin(&program, "POST /extender/filter HTTP/1.1\r\nHost: ").await;
    let answer = answer(stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn an_idle_connection_stays_open_for_the_next_request() {
    // kube-scheduler and the API server keep idle connections for 90 s and do not retry a POST on a closed connection. The
    // default of the HTTP library is 5 s.
    let idle = Duration::from_secs(8);
    let api = ApiServer::start(Vec::new());
    let program = Program::start(&api, Settings::default()).await;
    let request = "GET /nowhere HTTP/1.1\r\nHost: outrigger\r\n\r\n";
    let mut stream = begin(&program, request).await;
    let mut buffer = [0; 4096];
    for _ in 0..2 {
        let length = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(buffer[..length].starts_with(b"HTTP/1.1 404"), "{:?}", String::from_utf8_lossy(&buffer[..length]));
        let closed = tokio::time::timeout(idle, stream.read(&mut buffer)).await;
        assert!(closed.is_err(), "the server closes no idle connection: {closed:?}");
        stream.write_all(request.as_bytes()).await.unwrap();
    }
}
