//! Demand as a real Prometheus measures it, from an exporter that replays a load with a season of a minute.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::f64::consts::TAU;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;

use crate::cluster::FakeNode;
use crate::cluster::installation::Part;
use crate::cluster::outrigger::Outrigger;
use crate::cluster::ports::free_address;
use crate::cluster::wait::until;
use crate::installation::{installed, running};

const POLICY: &str = r#"
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: demand}
spec:
  selector: {podSelector: {matchLabels: {nobody: has-this}}}
  demand:
    source: {prometheus: {url: "http://ADDRESS", timeout: 3s}}
    step: 3s
    season: 60s
"#;

const PODS: &str = r"
apiVersion: v1
kind: Pod
metadata: {name: clicks-1, labels: {outrigger.dev/job: clicks, outrigger.dev/pe: one}}
spec: {containers: [{name: main, image: none}]}
---
apiVersion: v1
kind: Pod
metadata: {name: clicks-2, labels: {outrigger.dev/job: clicks, outrigger.dev/pe: two}}
spec: {containers: [{name: main, image: none}]}
";

/// As long as a few steps take on a busy machine.
const LEARNT: Duration = Duration::from_mins(2);
const SEASON_SECONDS: f64 = 60.0;

/// What a kubelet exposes; it ends when it is dropped.
struct Exporter {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Exporter {
    fn start() -> Self {
        let server = HttpServer::new(|| App::new().route("/metrics", web::get().to(async || exposition())));
        let server = server.workers(1).shutdown_timeout(0).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let address = server.addrs().into_iter().next().unwrap();
        let server = server.run();
        let handle = server.handle();
        #[expect(clippy::disallowed_methods, reason = "the server ends with the test")]
        tokio::spawn(server);
        Self { address, handle }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

/// Two pods that use one core, more and less in turn, and a node that uses three.
fn exposition() -> String {
    #[expect(clippy::disallowed_methods, reason = "the load is a function of the time")]
    let seconds = Timestamp::now().as_duration().as_secs_f64() % 1e7;
    // The integral of 1 + 0.8 sin over the time.
    let used = (0.8 * SEASON_SECONDS / TAU).mul_add(-(TAU * seconds / SEASON_SECONDS).cos(), seconds);
    let of_pod = |pod: &str| {
        let labels = format!(r#"namespace="demand",pod="{pod}",container="main",node="measured""#);
        [
            format!("container_cpu_usage_seconds_total{{{labels}}} {used}"),
            format!("container_memory_working_set_bytes{{{labels}}} 1e8"),
        ]
    };
    let of_node = [
        format!("container_cpu_usage_seconds_total{{id=\"/\",node=\"measured\"}} {}", used * 3.0),
        "container_memory_working_set_bytes{id=\"/\",node=\"measured\"} 3e8\n".to_owned(),
    ];
    [of_pod("clicks-1"), of_pod("clicks-2"), of_node].concat().join("\n")
}

async fn value(extender: &Outrigger, series: &str) -> Result<f64> {
    let metrics = extender.metrics().await?;
    let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    Ok(value.with_context(|| format!("no {series} in {metrics}"))?.parse()?)
}

async fn until_above(extender: &Outrigger, series: &str, least: f64) {
    until(series, LEARNT, async || {
        let value = value(extender, series).await?;
        ensure!(value > least, "it is {value}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_real_prometheus_is_learnt_from_and_its_past_after_a_restart_and_its_end_loses_nothing() {
    const JOBS: &str = r#"outrigger_demand_kept{kind="jobs"}"#;
    const PES: &str = r#"outrigger_demand_kept{kind="pes"}"#;
    const AGE: &str = r#"outrigger_demand_sample_age_seconds{source="prometheus"}"#;
    const OBSERVED: &str = r#"outrigger_node_observed_seconds_total{resource="cpu"}"#;
    let address = free_address().unwrap();
    let policy = POLICY.replace("ADDRESS", &address.to_string());
    let mut installation = installed(|all| all.without(Part::Admission).policy("demand.yaml", &policy)).await;
    let cluster = &installation.cluster;
    cluster.create_nodes(&[FakeNode::new("measured")]).await.unwrap();
    cluster.create_namespace("demand").await.unwrap();
    let scheduled = PODS.replace("spec: {", "spec: {schedulerName: outrigger, ");
    cluster.kubectl().feed(&["apply", "-n", "demand", "-f", "-"], &scheduled).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(cluster.client().await.unwrap(), "demand");
    for name in ["clicks-1", "clicks-2"] {
        running(&pods, name).await.unwrap();
    }

    let exporter = Exporter::start();
    let mut prometheus = cluster.start_prometheus_at(address, &[("kubelet", exporter.address)]).await.unwrap();
    let extender = installation.extender.as_mut().unwrap();
    until_above(extender, JOBS, 0.0).await;
    until_above(extender, PES, 1.0).await;
    // Ten steps of the past, for the process after this one.
    until_above(extender, OBSERVED, 29.0).await;

    extender.restart().await.unwrap();
    until_above(extender, JOBS, 0.0).await;
    let log = || {
        #[expect(clippy::disallowed_methods, reason = "reads what the program has said")]
        std::fs::read_to_string(installation.cluster.folder().join("extender.log")).unwrap()
    };
    let is_read = |line: &str| {
        let steps = line.split_once(r#""steps":"#).and_then(|(_, rest)| rest.split('}').next()?.parse::<u32>().ok());
        line.contains("the past was read again") && steps.is_some_and(|steps| steps >= 8)
    };
    assert!(log().lines().any(is_read), "{}", log());
    assert!(value(extender, "outrigger_demand_cold_start").await.unwrap() < 0.5);

    prometheus.kill();
    until_above(extender, AGE, 10.0).await;
    let failures = r#"outrigger_demand_query_failures_total{source="prometheus",kind="connection"}"#;
    until_above(extender, failures, 0.0).await;
    assert!(value(extender, JOBS).await.unwrap() > 0.0, "what was learnt stays");
    assert!(log().contains("measurements are missing"), "{}", log());
}
