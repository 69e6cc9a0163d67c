//! Connections that ask nothing keep nobody out: neither probes nor kube-scheduler.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpStream;

use crate::api_server::ApiServer;
use crate::objects::{extender_args, node, pod};
use crate::ports::free_address;
use crate::program::{Caller, PATIENCE, Program, Settings};
use crate::wait::until;

/// More than the server accepts at one time.
const IDLE: usize = 2_200;
/// How long a kubelet waits for a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

async fn idle_connections(address: std::net::SocketAddr) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..IDLE {
        // The server may not accept one more.
        match tokio::time::timeout(PROBE_TIMEOUT, TcpStream::connect(address)).await {
            Ok(connection) => connections.extend(connection.ok()),
            Err(_elapsed) => break,
        }
    }
    connections
}

#[tokio::test]
async fn probes_are_answered_while_idle_connections_fill_every_listener() {
    let api = ApiServer::start(vec![node("n1"), pod("a")]);
    let health = free_address().unwrap();
    let argument = format!("--health-listen={health}");
    let program = Program::start(&api, Settings { arguments: &[&argument], ..Settings::default() }).await;
    let mut idle = Vec::new();
    for listener in [&program.operations, &program.extender, &program.admission] {
        idle.extend(idle_connections(listener.address).await);
    }
    for caller in [Caller::plain(health), Caller::plain(program.operations.address)] {
        for path in ["/livez", "/readyz"] {
            let begun = Instant::now();
            let answered = caller.get(path).await.unwrap();
            assert_eq!(answered.status, 200, "{path}: {}", answered.body);
            assert!(begun.elapsed() < PROBE_TIMEOUT, "{path} took {:?}", begun.elapsed());
        }
    }
    let question = extender_args(&pod("a"), &["n1"]).to_string();
    let answer = Caller::plain(program.extender.address).post("/extender/filter", question).await.unwrap();
    assert_eq!(answer.json()["NodeNames"], json!(["n1"]), "{}", answer.body);
    drop(idle);
}

#[tokio::test]
async fn the_listener_for_probes_serves_nothing_else() {
    let api = ApiServer::start(Vec::new());
    let health = free_address().unwrap();
    let argument = format!("--health-listen={health}");
    let program = Program::start(&api, Settings { arguments: &[&argument], ..Settings::default() }).await;
    let caller = Caller::plain(health);
    until("it is ready", PATIENCE, async || caller.get("/readyz").await?.succeeded()).await.unwrap();
    for path in ["/metrics", "/extender/filter", "/explain/pods/s/a"] {
        assert_eq!(caller.get(path).await.unwrap().status, 404, "{path}");
    }
    drop(program);
}
