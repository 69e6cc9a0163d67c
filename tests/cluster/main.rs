//! A control plane with Outrigger to play with: `make cluster`, or `cargo run --example cluster -- [NODES]`.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

#[path = "mod.rs"]
#[expect(dead_code, reason = "tests use more of it than this program does")]
mod cluster;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

use cluster::{Cluster, FakeNode, Installation, InstallationSettings, SchedulerSettings};

const NODES: u16 = 8;

/// Something to apply: one PE more than there are nodes for, so that both a record and a reason can be seen.
const JOB: &str = include_str!("job.yaml");
/// What is shown of a pod.
const COLUMNS: &str = r"POD:.metadata.name,NODE:.spec.nodeName,SIDECAR:.spec.initContainers[*].name,RECORD:.metadata.annotations.outrigger\.dev/placement";

/// Plays the cluster, or is one of the programs in it: called as `outrigger` would be, this program does what that does,
/// so that there is no second one to build.
fn main() -> Result<ExitCode> {
    let first = std::env::args().nth(1);
    if matches!(first.as_deref(), Some("serve" | "certs" | "explain")) {
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
    let nodes: Vec<FakeNode> = (1..=nodes).map(node).collect();
    cluster.create_nodes(&nodes).await?;
    let job = write_job(cluster.folder())?;
    let metrics = [("extender", &installation.extender), ("admission", &installation.admission)];
    let metrics: Vec<(&str, SocketAddr)> =
        metrics.into_iter().filter_map(|(role, process)| Some((role, process.as_ref()?.metrics_address()))).collect();
    let extender = installation.extender.as_ref().context("no extender runs")?;
    let server = format!("http://{}", extender.address());
    println!("{}", usage(cluster, &metrics, &server, &job)?);
    std::future::pending().await
}

/// Of each eight nodes four are tagged `ssd` and four `net25g`; two have both tags.
fn node(number: u16) -> FakeNode {
    let place = (number - 1) % 8;
    let mut node = FakeNode::new(format!("n{number}"));
    if place < 4 {
        node = node.label("tag.outrigger.dev/ssd", "");
    }
    if (2..6).contains(&place) {
        node = node.label("tag.outrigger.dev/net25g", "");
    }
    node
}

#[expect(clippy::disallowed_methods, reason = "writes what kubectl is to read")]
fn write_job(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("job.yaml");
    std::fs::write(&path, JOB)?;
    Ok(path)
}

fn usage(cluster: &Cluster, metrics: &[(&str, SocketAddr)], server: &str, job: &Path) -> Result<String> {
    let programs = cluster.kubectl().program().parent().context("kubectl is in no folder")?.to_owned();
    let metrics: Vec<String> =
        metrics.iter().map(|(role, address)| format!("  curl -s http://{address}/metrics   # {role}")).collect();
    Ok(format!(
        r"
ready; in another terminal:

  export KUBECONFIG={kubeconfig} PATH={programs}:$PATH

  # five PEs, never two on one node, on the nodes with the tag `ssd`: one of them waits
  kubectl apply -f {job}

  # where they are, what was injected, and why there
  kubectl get pods -o custom-columns='{COLUMNS}'

  # why one waits, rule by rule, and what would help
  {program} explain --server {server} \
    $(kubectl get pods --field-selector spec.nodeName= -o name | head -n 1)

  # what kube-scheduler says of it
  kubectl get events --field-selector reason=FailedScheduling -o custom-columns=POD:.involvedObject.name,WHY:.message

{metrics}

logs: {logs}
Ctrl-C stops everything and deletes it.",
        kubeconfig = cluster.kubeconfig().display(),
        programs = programs.display(),
        program = std::env::current_exe()?.display(),
        job = job.display(),
        metrics = metrics.join("\n"),
        logs = cluster.folder().display(),
    ))
}
