//! Metrics, as a real Prometheus scrapes and queries them.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Api;
use kube::api::ListParams;

use crate::cluster::Cluster;
use crate::cluster::prometheus::{Prometheus, check_metrics, program};
use crate::cluster::wait::until;
use crate::installation::{running, shared};

/// How long it may take until what happened is scraped.
const SCRAPED: Duration = Duration::from_secs(15);

const OBJECTS: &str = r"
apiVersion: outrigger.dev/v1alpha1
kind: HostPool
metadata: {name: everywhere}
spec: {}
---
apiVersion: v1
kind: Pod
metadata:
  name: counted-1
  labels: {outrigger.dev/job: counted}
  annotations: {outrigger.dev/host-pool: everywhere}
spec:
  containers: [{name: main, image: none}]
---
apiVersion: v1
kind: Pod
metadata:
  name: counted-2
  labels: {outrigger.dev/job: counted}
  annotations: {outrigger.dev/host-pool: everywhere}
spec: {containers: [{name: main, image: none}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: without-node
  labels: {outrigger.dev/job: counted}
  annotations: {outrigger.dev/host-pool: nowhere}
spec: {containers: [{name: main, image: none}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: declined
  labels: {outrigger.dev/job: counted}
  annotations: {outrigger.dev/host-pool: everywhere, outrigger.dev/inject: 'false'}
spec: {containers: [{name: main, image: none}]}
";

#[test]
fn a_real_prometheus_returns_the_placements_injections_and_refusals_just_made() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        let (extender, admission) = (installation.extender.as_ref().unwrap(), installation.admission.as_ref().unwrap());
        let jobs = [("extender", extender.metrics_address()), ("admission", admission.metrics_address())];
        let prometheus = cluster.start_prometheus(&jobs).await.unwrap();

        cluster.create_namespace("metrics").await.unwrap();
        cluster.kubectl().feed(&["apply", "-n", "metrics", "-f", "-"], OBJECTS).await.unwrap();
        let pods: Api<Pod> = Api::namespaced(cluster.client().await.unwrap(), "metrics");
        for name in ["counted-1", "counted-2", "declined"] {
            running(&pods, name).await.unwrap();
        }

        for (query, wanted) in [
            (
                r#"outrigger_placements_total{job="extender", result="bound", pool="metrics/everywhere", scheme="balancedInstance"}"#,
                3.0,
            ),
            (r#"sum(outrigger_placements_total{pool="metrics/everywhere"})"#, 3.0),
            (r#"outrigger_injections_total{job="admission", policy="metrics"}"#, 3.0),
            (r#"sum(up{job=~"extender|admission"})"#, 2.0),
            ("max(outrigger_snapshot_age_seconds)", 0.0),
            (r#"sum by (job) (outrigger_build_info{job="admission"})"#, 1.0),
            ("min(outrigger_policies_last_reload_successful)", 1.0),
        ] {
            becomes(&prometheus, query, |value| (value - wanted).abs() < f64::EPSILON).await.unwrap();
        }
        every_node_is_counted(cluster, &prometheus).await.unwrap();
        for (query, least) in [
            // three nodes, at each attempt
            (r#"outrigger_node_refusals_total{reason="PoolNotFound"}"#, 3.0),
            (r#"outrigger_admission_skips_total{reason="Declined"}"#, 1.0),
            (r#"sum(outrigger_extender_request_duration_seconds_count{verb="bind"})"#, 3.0),
            (r#"sum(outrigger_extender_request_duration_seconds_count{verb="filter"})"#, 4.0),
            (r#"sum(outrigger_admission_request_duration_seconds_count{verb="mutate"})"#, 4.0),
            (r#"(outrigger_certificate_expiry_timestamp_seconds{job="admission"} - time()) / 86400"#, 364.0),
        ] {
            becomes(&prometheus, query, |value| value >= least).await.unwrap();
        }
        let quantile = "histogram_quantile(0.99, sum by (le) (outrigger_extender_request_duration_seconds_bucket))";
        becomes(&prometheus, quantile, |seconds| seconds > 0.0 && seconds < 5.0).await.unwrap();

        let (questions, alerts) = documented_queries().unwrap();
        assert!(questions.len() >= 4 && alerts.len() >= 5, "{questions:?} {alerts:?}");
        for question in questions {
            until(&question, SCRAPED, async || {
                ensure!(!prometheus.query(&question).await?.is_empty(), "no series");
                Ok(())
            })
            .await
            .unwrap();
        }
        for alert in alerts {
            let series = prometheus.query(&alert).await.unwrap();
            assert!(series.is_empty(), "nothing is wrong here, but {alert} gives {series:?}");
        }
    });
}

#[test]
fn what_is_scraped_follows_the_conventions() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_namespace("conventions").await.unwrap();
        cluster.kubectl().feed(&["apply", "-n", "conventions", "-f", "-"], OBJECTS).await.unwrap();
        let pods: Api<Pod> = Api::namespaced(cluster.client().await.unwrap(), "conventions");
        running(&pods, "counted-1").await.unwrap();
        for (role, outrigger, histogram) in [
            ("extender", &installation.extender, "outrigger_extender_request_duration_seconds_bucket"),
            ("admission", &installation.admission, "outrigger_admission_request_duration_seconds_bucket"),
        ] {
            let exposition = outrigger.as_ref().unwrap().metrics().await.unwrap();
            assert!(exposition.contains(histogram), "{role}: {exposition}");
            check_metrics(&exposition).unwrap();
        }
    });
    let odd = check_metrics("# TYPE requests counter\nrequests 1\n").unwrap_err().to_string();
    assert!(odd.contains("_total"), "the linter does lint: {odd}");
}

#[test]
fn a_missing_prometheus_is_an_error_that_says_what_to_install() {
    let error = program("prometheus", OsStr::new("/nowhere")).unwrap_err().to_string();
    assert!(error.contains("apt-get install") && error.contains("prometheus"), "{error}");
}

/// The queries of `docs/metrics.md`: those of its table of questions, and those of its table of alerts.
#[expect(clippy::disallowed_methods, reason = "reads what is documented")]
fn documented_queries() -> Result<(Vec<String>, Vec<String>)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md"))?;
    let (_, text) = text.split_once("## Questions").context("no chapter of questions")?;
    let (questions, alerts) = text.split_once("## What to alert on").context("no chapter of alerts")?;
    // a bar within a table is written with a backslash
    let query = |row: &str| Some(row.rsplit_once(" | `")?.1.strip_suffix("` |")?.replace("\\|", "|"));
    let queries = |chapter: &str| chapter.lines().filter_map(query).collect::<Vec<String>>();
    Ok((queries(questions), queries(alerts)))
}

/// Waits until the snapshot has all nodes; other tests of this cluster bring nodes of their own.
async fn every_node_is_counted(cluster: &Cluster, prometheus: &Prometheus) -> Result<()> {
    let nodes: Api<Node> = Api::all(cluster.client().await?);
    until("every node is in the snapshot", SCRAPED, async || {
        let listed = u32::try_from(nodes.list(&ListParams::default()).await?.items.len())?;
        let known = prometheus.value(r#"outrigger_snapshot_nodes{job="extender"}"#).await?;
        ensure!(listed >= 3 && (known - f64::from(listed)).abs() < f64::EPSILON, "{known} of {listed}");
        Ok(())
    })
    .await
}

async fn becomes(prometheus: &Prometheus, query: &str, is_right: impl Fn(f64) -> bool) -> Result<()> {
    until(query, SCRAPED, async || {
        let value = prometheus.value(query).await?;
        ensure!(is_right(value), "it is {value}");
        Ok(())
    })
    .await
}
