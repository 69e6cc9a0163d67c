//! The command line.

mod certs;
mod command_error;
mod command_line;
mod connect;
mod csv_time;
#[cfg(feature = "demo")]
mod demo;
mod duration;
mod explain;
mod forecast;
mod manifests;
mod output;
mod policies;
mod process_identity;
mod record;
mod runtime;
mod serve;
mod simulate;
mod task_group;
mod terminal;
mod xml;

use self::command_error::CommandError;
pub use self::command_line::run;
