//! A child process with a log file; it ends with the value that holds it.
#![expect(clippy::disallowed_methods, reason = "reads the logs of children, not the input of a decision")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use super::keeper;
use super::wait::until;

/// How many lines of a log an error shows.
const TAIL: usize = 15;

/// A child process that can be ended and started again.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    log: PathBuf,
    command: Option<Command>,
    child: Option<Child>,
}

impl Process {
    /// Starts a command made by [`keeper::bound_to_us`]; what it prints goes to `name.log` in `folder`.
    ///
    /// # Errors
    ///
    /// Fails when the log cannot be created or the command cannot be started.
    pub(crate) fn start(name: &str, mut command: Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log);
        let output = output.with_context(|| format!("cannot write `{}`", log.display()))?;
        command.stdout(Stdio::from(output.try_clone()?)).stderr(Stdio::from(output));
        let mut process = Self { name: name.to_owned(), log, command: Some(command), child: None };
        process.restart()?;
        Ok(process)
    }

    /// The id of the running process.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Ends the process if it runs and starts it again with the same arguments and log.
    ///
    /// # Errors
    ///
    /// Fails when the command cannot be started.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.kill();
        let command = self.command.take().with_context(|| format!("{} could not be started before", self.name))?;
        let (command, child) = keeper::start(command).with_context(|| format!("cannot start {}", self.name))?;
        self.command = Some(command);
        self.child = Some(child);
        Ok(())
    }

    /// Ends the process as `kill -9` does, and waits for its end.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // both fail only where the process has ended and been waited for
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    ///
    /// Fails when the process does not run, or has not ended after `limit`.
    pub(crate) async fn terminate(&mut self, limit: Duration) -> Result<ExitStatus> {
        self.signal("TERM")?;
        let what = format!("{} has ended", self.name);
        let status = until(&what, limit, async || self.ended()?.context("it still runs")).await?;
        self.child = None;
        Ok(status)
    }

    /// Makes the process hang (SIGSTOP) until it is ended or started again.
    ///
    /// # Errors
    ///
    /// Fails when the process does not run.
    pub(crate) fn suspend(&self) -> Result<()> {
        self.signal("STOP")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let id = self.id().with_context(|| format!("{} does not run", self.name))?;
        let sent = Command::new("sh").args(["-c", r#"kill -"$0" "$1""#, signal, &id.to_string()]).status()?;
        ensure!(sent.success(), "cannot send SIG{signal} to {} ({id})", self.name);
        Ok(())
    }

    /// Waits until an attempt succeeds; gives up at once when the process ends meanwhile.
    ///
    /// # Errors
    ///
    /// Fails when the process ends, or after `limit`, and shows the end of the log.
    pub(crate) async fn ready(&mut self, limit: Duration, mut attempt: impl AsyncFnMut() -> Result<()>) -> Result<()> {
        let what = format!("{} is ready", self.name);
        let ready = until(&what, limit, async || match self.ended()? {
            Some(status) => Ok(Err(anyhow!("{} has ended with {status} before it was ready", self.name))),
            None => attempt().await.map(Ok),
        });
        let ready = ready.await.and_then(|ready| ready);
        ready.map_err(|error| anyhow!("{error:#}\nthe end of {}:\n{}", self.log.display(), self.log_tail()))
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        match &mut self.child {
            Some(child) => Ok(child.try_wait()?),
            None => bail!("{} was not started", self.name),
        }
    }

    fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines.split_at(lines.len().saturating_sub(TAIL)).1.join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a process of that id runs (one that has ended and was not yet waited for does not).
pub(crate) fn is_running(id: u32) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/{id}/stat")) else { return false };
    // the state follows the program's name, which stands in parentheses and may hold anything
    !status.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
}
