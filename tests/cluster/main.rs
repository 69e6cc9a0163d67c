//! A control plane with Outrigger to play with: `make cluster`, or `cargo run --example cluster -- [NODES]`.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

#[path = "mod.rs"]
#[expect(dead_code, reason = "tests use more of it than this program does")]
mod cluster;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

use cluster::{Cluster, FakeNode, Installation, InstallationSettings, SchedulerSettings};

const NODES: u16 = 8;

/// Plays the cluster, or is one of the programs in it: called as `outrigger` would be, this program does what that does,
/// so that there is no second one to build.
fn main() -> Result<ExitCode> {
    let first = std::env::args().nth(1);
    if matches!(first.as_deref(), Some("serve" | "certs")) {
        return Ok(outrigger::cli::run(std::env::args_os()));
    }
    let nodes = match first {
        Some(number) => number.parse().with_context(|| format!("`{number}` is not a number of nodes"))?,
        None => NODES,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(until_interrupted(nodes))?;
    Ok(ExitCode::SUCCESS)
}

async fn until_interrupted(nodes: u16) -> Result<()> {
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
    println!("starting a control plane with Outrigger");
    let installation = Installation::start(InstallationSettings::new(std::env::current_exe()?)).await?;
    let cluster = &installation.cluster;
    println!("starting the default kube-scheduler, making {nodes} nodes");
    let _scheduler = cluster.start_scheduler(SchedulerSettings::new("default-scheduler")).await?;
    let nodes: Vec<FakeNode> = (1..=nodes).map(|number| FakeNode::new(format!("n{number}"))).collect();
    cluster.create_nodes(&nodes).await?;
    println!("{}", usage(cluster));
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
