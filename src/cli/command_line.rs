//! The commands of the program.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(feature = "demo")]
use super::demo;
use super::output::{print, say};
use super::{CommandError, certs, explain, forecast, serve, simulate};

/// Scheduler extender and admission webhook that place stream jobs on Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "outrigger", version, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer kube-scheduler as an extender, and the API server as an admission webhook
    Serve(Box<serve::Arguments>),
    /// Place three stream jobs on forty fake nodes, without a cluster
    #[cfg(feature = "demo")]
    Demo(demo::Arguments),
    /// Show where PEs would be placed, and why, without a cluster
    Simulate(Box<simulate::Arguments>),
    /// Explain why a pod is on its node, or why it waits
    Explain(explain::Arguments),
    /// Forecast a series of a CSV file, and say how good such forecasts were
    Forecast(forecast::Arguments),
    /// Issue a certificate authority and a serving certificate
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
  0  the command succeeded
  1  the command failed
  2  a flag, a file, or a field in a file is wrong; the message names it
  3  the command succeeded, and not every PE has a node";

/// Runs one command and returns the exit code of the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output. A closed pipe is no failure.
            let printed = error.print();
            drop(printed);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let outcome = match arguments.command {
        Command::Serve(arguments) => serve::run(*arguments),
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Forecast(arguments) => forecast::run(&arguments),
        Command::Certs(arguments) => certs::run(&arguments),
        Command::Crds => crds(),
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    if let Some(problem) = error.message() {
        say(&format!("error: {problem}"));
    }
    error.exit_code()
}

fn crds() -> Result<(), CommandError> {
    print(&crate::api::definitions().map_err(CommandError::failed)?)
}
