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

/// Place three stream jobs on forty fake nodes, without a cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  outrigger demo
  outrigger demo -o json | jq '.jobs[].pes[] | select(.node == null) | {pe, message}'
  kubectl get nodes,hostpools,pods -A -o yaml > cluster.yaml
  outrigger demo --cluster cluster.yaml --jobs my-pods.yaml

The demo connects to nothing outside this machine. The servers of Outrigger are the real servers and answer over TLS on
loopback; the API server and kube-scheduler are fakes. The fake kube-scheduler has these filters of its own: readiness,
cordon, taints, node selector, node affinity and requests.

The document of -o json: jobs[] with pes[] (pe, pod, node, zone, wishes, cycles, asked, left, refused, refusedInTree,
scores, message, record), nodes[], checks[] (rule, of, broken), injection (before, after), denied, notOurs, requests,
metrics, servers, seconds. Version 1 may gain fields; its fields are not renamed.

Exit codes:
  0  the demo succeeded; one PE of the shipped jobs has no node, and the report says why
  1  the demo failed, or a rule is broken
  2  a flag, a file, or a field in a file is wrong; the message names it
  3  with --jobs or --cluster: some PEs are not placed")]
pub(in crate::cli) struct Arguments {
    /// File with the nodes, host pools and pods of the cluster; by default the shipped cluster
    #[arg(long, value_name = "FILE")]
    cluster: Option<PathBuf>,
    /// File with the pods to create; by default the pods of the shipped jobs
    #[arg(long, value_name = "FILE")]
    jobs: Option<PathBuf>,
    /// Folder with StreamPolicy files; by default the shipped policies apply
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Pod whose patch and record the report shows, as NAME or NAMESPACE/NAME; by default the longest ones
    #[arg(long, value_name = "NAME")]
    pod: Option<String>,
    /// Output format
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Form,
    /// Columns of a line; by default those of the terminal, or 80
    #[arg(long, value_name = "COLUMNS", env = "COLUMNS", hide_env_values = true)]
    width: Option<u16>,
    /// Log lines of the servers to show, in the syntax of `RUST_LOG`
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A report for people.
    Text,
    /// One JSON document for programs.
    Json,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    if let Some(filter) = &arguments.log {
        telemetry::install_logs(LogFormat::Text, filter);
    }
    let text =
        |path: &Option<PathBuf>, shipped: fn() -> Text| path.as_deref().map_or_else(|| Ok(shipped()), Text::from_file);
    let cluster = manifests::read_cluster(&text(&arguments.cluster, manifests::shipped_cluster)?)?;
    let jobs = manifests::read_jobs(&text(&arguments.jobs, manifests::shipped_jobs)?)?;
    let (_, policies) = policies::load(arguments.policies.as_deref())?;
    let mut terminal = Terminal::for_stdout(arguments.width);
    check_name(arguments.pod.as_deref(), &jobs)?;
    let demo = session::Session { cluster: &cluster, jobs: &jobs, shown: arguments.pod.as_deref() };
    let session = demo.run(Store::new(policies), terminal.columns());
    let outcome = runtime::on_this_thread()?.block_on(session)?;

    match arguments.output {
        Form::Json => print(&json(&outcome)?)?,
        Form::Text => {
            report::write(&outcome, arguments.pod.as_deref(), &mut terminal);
            print(&terminal.into_text())?;
        }
    }
    let broken: Vec<&str> = outcome.checks.iter().flat_map(|check| &check.broken).map(String::as_str).collect();
    if !broken.is_empty() {
        return Err(CommandError::failed(format!("a rule is broken: {}", broken.join("; "))));
    }
    let has_own_input = arguments.cluster.is_some() || arguments.jobs.is_some();
    if has_own_input && outcome.placed < outcome.pes { Err(CommandError::NotAllPlaced) } else { Ok(()) }
}

/// An error where no pod to be created has the name.
fn check_name(asked: Option<&str>, jobs: &[Value]) -> Result<(), CommandError> {
    let is_asked = |asked: &str, pod: &Value| {
        let (namespace, name) = (metadata_text(pod, "namespace"), metadata_text(pod, "name"));
        asked == name || asked == format!("{namespace}/{name}")
    };
    match asked {
        Some(asked) if !jobs.iter().any(|pod| is_asked(asked, pod)) => {
            Err(CommandError::input(format!("--pod {asked}: the demo creates no pod of this name")))
        }
        _ => Ok(()),
    }
}
