//! The time of kube-scheduler's scheduling cycle at 5,000 nodes, with a filter that decides and with one that names all
//! nodes. A measurement, not a test:
//!
//! ```sh
//! cargo build --release
//! OUTRIGGER_PROGRAM=$PWD/target/release/outrigger cargo test --test e2e cycle -- --ignored --nocapture
//! ```
#![expect(clippy::print_stderr, reason = "a measurement says what it finds")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use kube::api::ListParams;
use tokio::time::Instant;

use super::pe::{Pe, Team, node};
use crate::cluster::FakeNode;
use crate::cluster::installation::Part;
use crate::cluster::scheduler::Scheduler;
use crate::cluster::wait::until;
use crate::installation::installed;

const NODES: usize = 5_000;
const PES: usize = 200;
/// How often both filters are measured in turn.
const ROUNDS: usize = 3;
/// Requests that are in flight at once.
const PARALLEL: usize = 16;
const PATIENCE: Duration = Duration::from_mins(3);

#[tokio::test]
#[ignore = "a measurement of some minutes"]
async fn scheduling_cycles_with_a_filter_that_decides_and_with_one_that_names_all_nodes() {
    let installation = installed(|all| all.without(Part::Scheduler).without(Part::Extender)).await;
    let cluster = &installation.cluster;
    let nodes: Vec<FakeNode> = (0..NODES).map(|number| FakeNode::new(format!("n{number}"))).collect();
    // The controller manager makes some twenty nodes a second schedulable.
    for nodes in nodes.chunks(1_000) {
        cluster.create_nodes(nodes).await.unwrap();
    }
    let team = Team::new(cluster, "cycle").await;
    eprintln!("{:8}  {:>11}  {:>6}", "filter", "cycle in ms", "PEs/s");
    for round in 0..ROUNDS {
        for filter in ["best", "all"] {
            let name = format!("{filter}-{round}");
            let settings = installation.release.extender().unwrap().with("--filter-names", filter);
            let extender = cluster.start_outrigger(&format!("extender-{name}"), settings).await.unwrap();
            let scheduler = installation.start_scheduler(&format!("scheduler-{name}"), &extender).await.unwrap();
            let started = Instant::now();
            let pes = (0..PES).map(|number| Pe::new(&name, &format!("{name}-{number}")).cpu("100m"));
            let created = futures::stream::iter(pes).map(async |pe| pe.create(&team.pods).await);
            created.buffer_unordered(PARALLEL).try_collect::<Vec<_>>().await.unwrap();
            all_placed(&team, &name).await.unwrap();
            let rate = f64::from(u32::try_from(PES).unwrap()) / started.elapsed().as_secs_f64();
            let cycle = mean_cycle(&scheduler).await.unwrap();
            eprintln!("{filter:8}  {:>11.1}  {rate:>6.1}", cycle * 1_000.0);
        }
    }
}

/// Waits until every PE of a job has a node.
async fn all_placed(team: &Team, job: &str) -> Result<()> {
    let selector = ListParams::default().labels(&format!("outrigger.dev/job={job}"));
    until("all PEs are placed", PATIENCE, async || {
        let pods = team.pods.list(&selector).await?.items;
        let waiting = pods.iter().filter(|pod| node(pod).is_none()).count();
        ensure!(waiting == 0, "{waiting} wait");
        Ok(())
    })
    .await
}

/// The mean of `scheduler_scheduling_algorithm_duration_seconds`: the serial part of scheduling a pod.
async fn mean_cycle(scheduler: &Scheduler) -> Result<f64> {
    let metrics = scheduler.metrics().await?;
    let of = |suffix: &str| -> Result<f64> {
        let name = format!("scheduler_scheduling_algorithm_duration_seconds_{suffix}");
        let line = metrics.lines().find(|line| line.starts_with(&name)).with_context(|| format!("no {name}"))?;
        Ok(line.rsplit_once(' ').context("no value")?.1.parse()?)
    };
    Ok(of("sum")? / of("count")?)
}
