//! The command line.

mod certs;
mod demo;
mod explain;
mod manifests;
mod record;
mod serve;
mod simulate;
mod task_group;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keeps stream jobs from capsizing: a scheduler extender and admission webhook for Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "outrigger", version, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve kube-scheduler and the API server
    Serve(Box<serve::Arguments>),
    /// Place three stream jobs on forty nodes, without a cluster
    Demo(demo::Arguments),
    /// Say where PEs would go, and why, without a cluster
    Simulate(Box<simulate::Arguments>),
    /// Say why a pod is where it is, or why it waits
    Explain(explain::Arguments),
    /// Make a certificate authority and a serving certificate
    Certs(certs::Arguments),
    /// Print the custom resource definitions
    #[command(after_help = "\
Example:
  outrigger crds | kubectl apply --server-side -f -")]
    Crds,
}

const AFTER_HELP: &str = "\
Example:
  outrigger serve --role extender,controller --kubeconfig ~/.kube/config

Exit codes:
  0  done
  1  failed while running
  2  wrong input: a flag, a file, or a field in it; the message says which
  3  done, but not every PE has a node (simulate, explain; demo with manifests of your own)";

/// Why a command ended without success, and with which exit code.
#[derive(Debug)]
enum Stop {
    /// The user's input is wrong: exit code 2.
    Input(String),
    /// Something failed: exit code 1.
    Failed(String),
    /// All was said, and not every PE has a node: exit code 3.
    NotAllPlaced,
}

impl Stop {
    fn input(error: impl std::fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs one command and says how it went.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors, and go to standard output; a closed pipe is nobody's fault.
            let printed = error.print();
            drop(printed);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let outcome = match arguments.command {
        Command::Serve(arguments) => serve::run(*arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Certs(arguments) => certs::run(&arguments),
        Command::Crds => crds(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            let (problem, code) = match stop {
                Stop::Input(problem) => (problem, 2),
                Stop::Failed(problem) => (problem, 1),
                Stop::NotAllPlaced => return ExitCode::from(3),
            };
            say(&format!("error: {problem}"));
            ExitCode::from(code)
        }
    }
}

fn crds() -> Result<(), Stop> {
    print(&crate::api::definitions().map_err(Stop::failed)?)
}

/// Writes to standard output. A reader that has seen enough, as `head`, is no failure.
fn print(text: &str) -> Result<(), Stop> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Stop::failed(error)),
        _ => Ok(()),
    }
}

#[expect(clippy::print_stderr, reason = "the one place where a command speaks to its user about errors and progress")]
fn say(line: &str) {
    eprintln!("{line}");
}
