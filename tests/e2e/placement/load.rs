//! Load protection: nodes that are too busy take no PE, and PEs that waited for them are placed when the load falls.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::disallowed_methods, clippy::print_stderr, reason = "writes what measures nodes, and tells times")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::ensure;
use jiff::Timestamp;
use serde_json::json;

use super::pe::{DECIDED, Pe, Team};
use crate::cluster::installation::Part;
use crate::cluster::outrigger::Outrigger;
use crate::cluster::scheduler::Scheduler;
use crate::cluster::wait::until;
use crate::cluster::{Cluster, FakeNode, Installation};
use crate::installation::installed;

const POLICY: &str = r"
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: protection}
spec:
  selector: {podSelector: {matchLabels: {nobody: has-this}}}
  loadProtection: {cpu: {upper: 75, lower: 60}, memory: {upper: 100}, maxAge: 1h}
";
const NODES: [&str; 2] = ["busy-1", "busy-2"];
/// How soon a PE is placed after the load has fallen: seconds, where it would be minutes if nobody woke it.
const SOON: Duration = Duration::from_secs(15);

/// Fields are dropped in this order.
struct Setting {
    scheduler: Scheduler,
    extender: Outrigger,
    installation: Installation,
    file: PathBuf,
}

/// Two nodes, both at 90 % of their CPU, as a file says.
async fn busy() -> Setting {
    let parts = |all: crate::cluster::InstallationSettings| all.without(Part::Scheduler).without(Part::Extender);
    let installation = installed(|all| parts(all).policy("protection.yaml", POLICY)).await;
    let cluster = &installation.cluster;
    let file = cluster.folder().join("load.yaml");
    measure(&file, [90, 90]);
    let settings = installation.release.extender().unwrap().argument(&format!("--load-file={}", file.display()));
    let extender = cluster.start_outrigger("extender", settings).await.unwrap();
    let scheduler = installation.start_scheduler("scheduler", &extender).await.unwrap();
    cluster.create_nodes(&NODES.map(FakeNode::new)).await.unwrap();
    Setting { scheduler, extender, installation, file }
}

/// Writes the CPU of both nodes, in percent, and a memory that is not looked at.
fn measure(file: &Path, cpu: [u32; 2]) {
    let [first, second] = cpu.map(|cpu| json!({"cpu": cpu, "memory": 100}));
    let loads = json!({"at": Timestamp::now().to_string(), "nodes": {NODES[0]: first, NODES[1]: second}});
    std::fs::write(file, loads.to_string()).unwrap();
}

/// Makes a `StreamJob` that overrides load protection.
async fn override_load_protection(cluster: &Cluster, team: &Team, name: &str) {
    let job = json!({
        "apiVersion": "outrigger.dev/v1alpha1", "kind": "StreamJob",
        "metadata": {"name": name, "namespace": team.namespace},
        "spec": {"overrideLoadProtection": true},
    });
    cluster.kubectl().apply(&job.to_string()).await.unwrap();
}

#[tokio::test]
async fn t14_busy_nodes_take_no_pe_but_of_jobs_that_override_and_who_waits_is_placed_soon_after_the_load_falls() {
    let Setting { extender, installation, file, .. } = &busy().await;
    let team = Team::new(&installation.cluster, "busy").await;
    for name in ["waits-1", "waits-2"] {
        team.create(Pe::new("waits", name)).await;
        let rejection = team.rejected(name).await;
        assert!(rejection.starts_with("0/2 nodes are available: 2 NodeOverloaded. "), "{rejection}");
    }
    team.create(Pe::new("urgent", "urgent")).await;
    team.rejected("urgent").await;
    override_load_protection(&installation.cluster, &team, "urgent").await;
    assert!(NODES.contains(&team.node_of("urgent").await.as_str()));
    let metrics = extender.metrics().await.unwrap();
    assert!(metrics.contains("outrigger_overloaded_nodes{metric=\"cpu\"} 2\n"), "{metrics}");

    // T15: between the thresholds the one that was overloaded stays so.
    measure(file, [61, 90]);
    until("it is measured", DECIDED, async || {
        let path = "/explain/pods/busy/waits-1";
        let explained = crate::cluster::probe::Probe::http(extender.address())?.get(path).await?;
        ensure!(explained.contains("cpu is at 61 %, not yet below 60 %"), "{explained}");
        Ok(())
    })
    .await
    .unwrap();
    let rejection = team.rejected("waits-1").await;
    assert!(rejection.starts_with("0/2 nodes are available: 2 NodeOverloaded. "), "{rejection}");

    let begun = Instant::now();
    measure(file, [59, 90]);
    for name in ["waits-1", "waits-2"] {
        assert_eq!(team.node_of(name).await, NODES[0]);
    }
    eprintln!("placed {:?} after the file was written", begun.elapsed());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn t14_nodes_that_say_themselves_how_busy_they_are_are_heeded_and_so_is_that_their_load_falls() {
    let Setting { installation, file, .. } = &busy().await;
    let cluster = &installation.cluster;
    std::fs::write(file, "nodes: {}").unwrap();
    let says = async |node: &str, cpu: u32| {
        let load = json!({"cpu": cpu, "at": Timestamp::now().to_string()});
        let annotation = format!("outrigger.dev/load={load}");
        cluster.kubectl().run(&["annotate", "--overwrite", "node", node, &annotation]).await.unwrap();
    };
    for node in NODES {
        says(node, 80).await;
    }
    let team = Team::new(cluster, "annotated").await;
    team.create(Pe::new("waits", "waits")).await;
    let rejection = team.rejected("waits").await;
    assert!(rejection.starts_with("0/2 nodes are available: 2 NodeOverloaded. "), "{rejection}");
    let begun = Instant::now();
    says(NODES[1], 20).await;
    assert_eq!(team.node_of("waits").await, NODES[1]);
    eprintln!("placed {:?} after the annotation was written", begun.elapsed());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_could_be_placed_while_nobody_looked_is_placed_soon_after_the_extender_is_back() {
    let Setting { scheduler, extender, installation, file } = &mut busy().await;
    let team = Team::new(&installation.cluster, "back").await;
    team.create(Pe::new("waits", "waits")).await;
    team.rejected("waits").await;
    let queue = "scheduler_pending_pods{queue=\"unschedulable\"} 1\n";
    until("kube-scheduler has put it aside", DECIDED, async || {
        ensure!(scheduler.metrics().await?.contains(queue), "it is about to try again");
        Ok(())
    })
    .await
    .unwrap();
    // Nobody sees that the load falls.
    extender.process().kill();
    measure(file, [10, 90]);
    extender.restart().await.unwrap();
    let begun = Instant::now();
    assert_eq!(team.node_of("waits").await, NODES[0]);
    eprintln!("placed {:?} after the extender was back", begun.elapsed());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}
