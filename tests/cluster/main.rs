//! A control plane to play with: `make cluster`, or `cargo run --example cluster -- [NODES]`.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

#[path = "mod.rs"]
#[expect(dead_code, reason = "tests use more of it than this program does")]
mod cluster;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

use cluster::{Cluster, FakeNode, SchedulerSettings};

const NODES: u16 = 8;

#[tokio::main]
async fn main() -> Result<()> {
    let nodes = match std::env::args().nth(1) {
        Some(number) => number.parse().with_context(|| format!("`{number}` is not a number of nodes"))?,
        None => NODES,
    };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        failure = run(nodes) => failure,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

/// Runs until it is dropped.
async fn run(nodes: u16) -> Result<()> {
    println!("starting a control plane");
    let cluster = Cluster::start().await?;
    println!("starting kube-scheduler, making {nodes} nodes");
    let _scheduler = cluster.start_scheduler(SchedulerSettings::new("default-scheduler")).await?;
    let nodes: Vec<FakeNode> = (1..=nodes).map(|number| FakeNode::new(format!("n{number}"))).collect();
    cluster.create_nodes(&nodes).await?;
    println!("{}", usage(&cluster));
    std::future::pending().await
}

fn usage(cluster: &Cluster) -> String {
    let kubectl = cluster.kubectl();
    format!(
        "\nready; logs are in {}\n\n  export KUBECONFIG={}\n  alias kubectl={}\n  kubectl get nodes\n\n\
         Ctrl-C stops everything and deletes it.",
        cluster.folder().display(),
        cluster.kubeconfig().display(),
        kubectl.program().display(),
    )
}
