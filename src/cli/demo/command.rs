//! `outrigger demo`: the arguments, and how the outcome is printed.

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::Value;

use super::{manifests, report, session};
use crate::cli::manifests::{Text, metadata_text};
use crate::cli::output::{json, print};
use crate::cli::terminal::Terminal;
use crate::cli::{CommandError, policies, runtime};
use crate::store::Store;
use crate::telemetry::{self, LogFormat};

/// Place three stream jobs on forty nodes, without a cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  outrigger demo
  outrigger demo -o json | jq '.jobs[].pes[] | select(.node == null) | {pe, message}'
  kubectl get nodes,hostpools,pods -A -o yaml > cluster.yaml
  outrigger demo --cluster cluster.yaml --jobs my-pods.yaml

Nothing leaves this machine. The servers are the real ones and answer over TLS on loopback; API server and
kube-scheduler are played. Of kube-scheduler's own filters, readiness, cordon, taints, node selector, node affinity and
requests are played.

The document of -o json: jobs[] with pes[] (pe, pod, node, zone, wishes, cycles, asked, left, refused, refusedInTree,
scores, message, record), nodes[], checks[] (rule, of, broken), injection (before, after), denied, notOurs, requests,
metrics, servers, seconds. Fields are added, and not renamed while its version is 1.

Exit codes:
  0  all went as it should; one PE of the jobs that are shipped has no node, and the report says why
  1  something failed, or a rule is broken
  2  wrong input: a flag, a file, or a field in it
  3  with --jobs or --cluster: some PEs are not placed")]
pub(in crate::cli) struct Arguments {
    /// Nodes, host pools and pods that exist already, in place of those that are shipped
    #[arg(long, value_name = "FILE")]
    cluster: Option<PathBuf>,
    /// Pods to create, in place of those that are shipped
    #[arg(long, value_name = "FILE")]
    jobs: Option<PathBuf>,
    /// Folder with StreamPolicy files; without it the policies that are shipped apply
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Pod whose patch and record are shown, with or without its namespace; without it those that show most
    #[arg(long, value_name = "NAME")]
    pod: Option<String>,
    /// How the outcome is printed
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Form,
    /// Columns of a line; without it those of the terminal, or 80
    #[arg(long, value_name = "COLUMNS", env = "COLUMNS", hide_env_values = true)]
    width: Option<u16>,
    /// Show what the servers log, in the syntax of `RUST_LOG`
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

/// How the outcome is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// One document for programs: jobs with PEs, nodes, reasons and records, checks, metrics.
    Json,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    if let Some(filter) = &arguments.log {
        telemetry::install_logs(LogFormat::Text, filter);
    }
    let text =
        |path: &Option<PathBuf>, shipped: fn() -> Text| path.as_deref().map_or_else(|| Ok(shipped()), Text::from_file);
    let cluster = manifests::cluster(&text(&arguments.cluster, manifests::shipped_cluster)?)?;
    let jobs = manifests::jobs(&text(&arguments.jobs, manifests::shipped_jobs)?)?;
    let (_, policies) = policies::load(arguments.policies.as_deref())?;
    let mut terminal = Terminal::for_stdout(arguments.width);
    check_name(arguments.pod.as_deref(), &jobs)?;
    let demo = session::Session { cluster: &cluster, jobs: &jobs, shown: arguments.pod.as_deref() };
    let session = demo.run(Store::new(policies), terminal.columns());
    let account = runtime::on_this_thread()?.block_on(session)?;

    match arguments.output {
        Form::Json => print(&json(&account)?)?,
        Form::Text => {
            report::write(&account, arguments.pod.as_deref(), &mut terminal);
            print(&terminal.into_text())?;
        }
    }
    let broken: Vec<&str> = account.checks.iter().flat_map(|check| &check.broken).map(String::as_str).collect();
    if !broken.is_empty() {
        return Err(CommandError::failed(format!("a rule is broken: {}", broken.join("; "))));
    }
    let own = arguments.cluster.is_some() || arguments.jobs.is_some();
    if own && account.placed < account.pes { Err(CommandError::NotAllPlaced) } else { Ok(()) }
}

/// Refuses the name of a pod that is not among those to be created.
fn check_name(asked: Option<&str>, jobs: &[Value]) -> Result<(), CommandError> {
    let is_asked = |asked: &str, pod: &Value| {
        let (namespace, name) = (metadata_text(pod, "namespace"), metadata_text(pod, "name"));
        asked == name || asked == format!("{namespace}/{name}")
    };
    match asked {
        Some(asked) if !jobs.iter().any(|pod| is_asked(asked, pod)) => {
            Err(CommandError::input(format!("--pod {asked}: no pod of this name is created")))
        }
        _ => Ok(()),
    }
}
