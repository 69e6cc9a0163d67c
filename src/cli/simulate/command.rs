//! `outrigger simulate`: the arguments, and how the outcome is printed.

use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};

use super::demand_file::read_demand;
use super::read::read_input;
use super::settings::{InputFiles, Settings};
use super::{dot, svg, table};
use crate::cli::duration::parse_duration;
use crate::cli::output::{json, print, say};
use crate::cli::terminal::Terminal;
use crate::cli::{CommandError, policies};
use crate::files;
use crate::forecast::demand::DemandGrid;
use crate::model::{DemandForecasts, MOST_HORIZON_STEPS};
use crate::simulate::{self, SimulationMode};

/// Show where PEs would be placed, and why, without a cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kubectl get no,po,hostpools,streamjobs,pc,limits,runtimeclasses,pv,pvc -A -o yaml > cluster.yaml
  outrigger simulate --cluster cluster.yaml --workload my-job.yaml
  outrigger simulate --cluster cluster.yaml --workload my-job.yaml -o svg > placement.svg
  outrigger simulate --cluster cluster.yaml --workload jobs/ --policies policies/ -o json | jq '.jobs'
  kubectl get pods -n streams -o yaml | outrigger simulate --cluster cluster.yaml --workload -

FILE holds YAML or JSON as kubectl prints it: objects, lists, or several documents. A folder stands for the files in it,
and `-` for standard input. The command reads nodes, host pools, stream jobs and bound pods from --cluster. It reads
pods, host pools, stream jobs, and controllers (Deployment, StatefulSet, ReplicaSet, Job) from --workload, and creates
the pods that the controllers lack. It reads priority classes, limit ranges, runtime classes, device classes, volumes,
claims, and streamsjobs, streamspes, streamshostpools and streamsprs of open-streams from both. All pods exist from the
start. Pods without a node are stored as the API server and the webhook do, and are placed in the order of priority,
creationTimestamp, and place in the files. Waiting pods of no policy take room, and are not listed.

docs/simulate.md describes the document of -o json: placements[], jobs[], nodes[].

Exit codes:
  0  every PE of the workload is placed
  2  a flag, a file, or a field in a file is wrong; the message names it
  3  some PEs are not placed; the output says why")]
pub(in crate::cli) struct Arguments {
    /// Files with the nodes, host pools, stream jobs and bound pods of the cluster
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    cluster: Vec<PathBuf>,
    /// Files with the pods to place, or with their controllers
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    workload: Vec<PathBuf>,
    /// Folder with StreamPolicy files; by default the shipped policies apply
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// File with the load of nodes, as `serve --load-file` reads it; see `loadProtection` in policies
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
    /// CSV file with past measurements of PEs and nodes, from which their demand is forecast; see docs/simulate.md
    #[arg(long, value_name = "FILE")]
    demand: Option<PathBuf>,
    /// Time from one measurement of --demand to the next
    #[arg(long, value_name = "DURATION", default_value = "5m", requires = "demand", value_parser = parse_duration)]
    demand_step: SignedDuration,
    /// Time after which the demand repeats itself
    #[arg(long, value_name = "DURATION", default_value = "24h", requires = "demand", value_parser = parse_duration)]
    demand_season: SignedDuration,
    /// How PEs are placed
    #[arg(long, value_name = "PATH", default_value = "full")]
    path: PathName,
    /// Time of the simulation; by default the newest time at which something in the files had happened
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// Output format
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    output: Form,
    /// Columns of the table; by default those of the terminal, or 80
    #[arg(long, value_name = "COLUMNS", env = "COLUMNS", hide_env_values = true)]
    width: Option<u16>,
}

/// How PEs are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PathName {
    /// One PE after another, as kube-scheduler places pods without scheduling gates.
    Full,
    /// All PEs by one plan.
    Planned,
}

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A table for people.
    Table,
    /// One JSON document for programs.
    Json,
    /// A graph for Graphviz: nodes with their PEs, and the traffic between them.
    Dot,
    /// A picture: nodes with their PEs, and the traffic between them.
    Svg,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let mode = match arguments.path {
        PathName::Full => SimulationMode::Full,
        PathName::Planned => SimulationMode::Planned,
    };
    let (_, policies) = policies::load(arguments.policies.as_deref())?;
    let loads = arguments.load.as_deref().map(files::read_loads).transpose().map_err(CommandError::input)?;
    let protects = policies.load_protection().is_some();
    let warnings: Vec<String> = policies.warnings().iter().map(ToString::to_string).collect();
    let files = InputFiles { cluster: &arguments.cluster, workload: &arguments.workload };
    let demand = demand(arguments)?.map(Arc::new);
    let settings = Settings { policies, now: arguments.now, mode, loads: loads.unwrap_or_default(), demand };
    let mut read = read_input(files, settings)?;
    if arguments.load.is_some() && !protects {
        read.notes.push("--load has no effect: no policy sets loadProtection".to_owned());
    }
    read.notes.extend(warnings);
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

/// What is forecast from the file of `--demand`.
fn demand(arguments: &Arguments) -> Result<Option<DemandForecasts>, CommandError> {
    let Some(file) = &arguments.demand else { return Ok(None) };
    let grid = DemandGrid::new(arguments.demand_step, arguments.demand_season, MOST_HORIZON_STEPS);
    let grid = grid.map_err(|error| CommandError::input(format!("--demand-step, --demand-season: {error}")))?;
    read_demand(file, grid).map(Some)
}
