//! The asynchronous runtime of a command.

use tokio::runtime::{Builder, Runtime};

use super::CommandError;
use crate::tls;

/// A runtime on the thread of the command.
pub(super) fn on_this_thread() -> Result<Runtime, CommandError> {
    start(&mut Builder::new_current_thread())
}

/// A runtime with so many threads of its own.
pub(super) fn on_threads(threads: usize) -> Result<Runtime, CommandError> {
    start(Builder::new_multi_thread().worker_threads(threads))
}

fn start(builder: &mut Builder) -> Result<Runtime, CommandError> {
    // Every TLS connection of the process has this provider. The error says that it is installed already.
    drop(tls::provider().install_default());
    let runtime = builder.enable_all().build();
    runtime.map_err(|error| CommandError::failed(format!("the runtime does not start: {error}")))
}
