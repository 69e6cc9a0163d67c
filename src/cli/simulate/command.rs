//! `outrigger simulate`: the arguments, and how the outcome is printed.

use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Timestamp;

use super::{dot, read, svg, table};
use crate::cli::output::{json, print, say};
use crate::cli::terminal::Terminal;
use crate::cli::{CommandError, policies};
use crate::files;
use crate::simulate::{self, SimulationMode};

/// Say where PEs would go, and why, without a cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kubectl get nodes,hostpools,streamjobs,pods -A -o yaml > cluster.yaml
  outrigger simulate --cluster cluster.yaml --workload my-job.yaml
  outrigger simulate --cluster cluster.yaml --workload my-job.yaml -o svg > placement.svg
  outrigger simulate --cluster cluster.yaml --workload jobs/ --policies policies/ -o json | jq '.jobs'
  kubectl get pods -n streams -o yaml | outrigger simulate --cluster cluster.yaml --workload -

FILE is YAML or JSON as kubectl prints it: objects, lists, several documents; a folder stands for the files in it, `-`
for standard input. Of open-streams, streamsjobs, streamspes, streamshostpools and streamsprs count in both. Of
--cluster, nodes, host pools, stream jobs and pods that are bound count. Of --workload, pods, host pools, stream jobs,
and the pods that Deployments, StatefulSets and Jobs would create. All exist from the start; pods without a node pass
admission as in a cluster, and are decided by priority, creationTimestamp, then their order in the files.

The document of -o json is described in docs/simulate.md: placements[], jobs[], nodes[].

Exit codes:
  0  every PE of the workload is placed
  2  wrong input: a flag, a file, or a field in it; the message says where
  3  some PEs are not placed; the output says why")]
pub(in crate::cli) struct Arguments {
    /// Nodes, host pools, stream jobs and pods that are there
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    cluster: Vec<PathBuf>,
    /// Pods to place, or what would create them
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    workload: Vec<PathBuf>,
    /// Folder with StreamPolicy files; without it the policies that are shipped apply
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// File that says how busy nodes are, as `serve --load-file` reads it; see `loadProtection` in policies
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
    /// How waiting PEs are decided
    #[arg(long, value_name = "PATH", default_value = "full")]
    path: PathName,
    /// Time of the decisions; without it the newest that stands in the files
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// How the outcome is printed
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    output: Form,
    /// Columns of a line of the table; without it those of the terminal, or 80
    #[arg(long, value_name = "COLUMNS", env = "COLUMNS", hide_env_values = true)]
    width: Option<u16>,
}

/// How waiting PEs are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PathName {
    /// One after another, as kube-scheduler does where nothing is gated.
    Full,
    /// All together.
    Planned,
}

/// How the outcome is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Table,
    /// One document for programs.
    Json,
    /// A graph for Graphviz: nodes with their PEs, and the traffic between them.
    Dot,
    /// A picture: nodes with their PEs, and the traffic between them.
    Svg,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let path = match arguments.path {
        PathName::Full => SimulationMode::Full,
        PathName::Planned => SimulationMode::Planned,
    };
    let (_, policies) = policies::load(arguments.policies.as_deref())?;
    let loads = arguments.load.as_deref().map(files::read_loads).transpose().map_err(CommandError::input)?;
    let protects = policies.load_protection().is_some();
    let mut read = read::read_input((&arguments.cluster, &arguments.workload), policies, (arguments.now, path), loads)?;
    if arguments.load.is_some() && !protects {
        read.notes.push("--load changes nothing: no policy has loadProtection".to_owned());
    }
    for note in &read.notes {
        say(&format!("note: {note}"));
    }
    let outcome = simulate::simulate(read.input);
    let text = match arguments.output {
        Form::Json => json(&outcome)?,
        Form::Dot => dot::draw(&outcome.chart),
        Form::Svg => svg::draw(&outcome.chart),
        Form::Table => {
            let mut terminal = Terminal::for_stdout(arguments.width);
            table::write(&outcome, &mut terminal);
            terminal.into_text()
        }
    };
    print(&text)?;
    if outcome.is_complete() { Ok(()) } else { Err(CommandError::NotAllPlaced) }
}
