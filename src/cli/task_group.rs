//! Tasks with names that end together: a task that ends early is an error that names it.

use std::collections::HashMap;
use std::convert::Infallible;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::http::Server;

/// A group of tasks that run until the group is ended.
#[derive(Debug, Default)]
pub(super) struct TaskGroup {
    tasks: JoinSet<Result<(), String>>,
    names: HashMap<Id, &'static str>,
    ending: CancellationToken,
}

impl TaskGroup {
    /// Runs a task that has no end of its own; it is dropped at its next await point when the group ends.
    pub(super) fn spawn(&mut self, name: &'static str, task: impl Future<Output = Infallible> + Send + 'static) {
        let ending = self.ending.clone();
        self.add(name, async move {
            ending.run_until_cancelled_owned(task).await;
            Ok(())
        });
    }

    /// Runs a server; it finishes the requests in flight when the group ends.
    pub(super) fn serve(&mut self, name: &'static str, server: Server) {
        tracing::info!(name, address = %server.address, "listening");
        let (handle, ending) = (server.run.handle(), self.ending.clone());
        self.add(name, async move {
            let mut run = std::pin::pin!(server.run);
            let ended = tokio::select! {
                ended = &mut run => ended,
                () = ending.cancelled() => futures::join!(run, handle.stop(true)).0,
            };
            ended.map_err(|error| error.to_string())
        });
    }

    fn add(&mut self, name: &'static str, task: impl Future<Output = Result<(), String>> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.names.insert(id, name);
    }

    /// Waits for a task that ends although the group does not, and returns what happened to which task. A group without
    /// tasks waits for ever.
    pub(super) async fn ended_early(&mut self) -> String {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.describe(ended),
            None => std::future::pending().await,
        }
    }

    /// Ends every task and waits for all of them; returns the first task that ended with an error.
    pub(super) async fn end(mut self) -> Result<(), String> {
        self.ending.cancel();
        let mut first = Ok(());
        while let Some(ended) = self.tasks.join_next_with_id().await {
            if first.is_ok() && !matches!(ended, Ok((_, Ok(())))) {
                first = Err(self.describe(ended));
            }
        }
        first
    }

    fn describe(&self, ended: Result<(Id, Result<(), String>), JoinError>) -> String {
        let (id, problem) = match ended {
            Ok((id, Ok(()))) => (id, String::new()),
            Ok((id, Err(problem))) => (id, format!(": {problem}")),
            Err(error) => (error.id(), if error.is_panic() { ": panicked" } else { ": was aborted" }.to_owned()),
        };
        let name = self.names.get(&id).copied().unwrap_or("unknown");
        format!("task `{name}` ended early{problem}")
    }
}

#[cfg(test)]
#[path = "tests/task_group.rs"]
mod tests;
