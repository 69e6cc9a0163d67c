//! Running kubectl: for what a user would do with it.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// kubectl with the rights of one kubeconfig.
#[derive(Debug, Clone)]
pub(crate) struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// kubectl with a kubeconfig.
    pub(crate) fn new(program: PathBuf, kubeconfig: &Path) -> Self {
        Self { program, kubeconfig: kubeconfig.to_owned() }
    }

    /// Where kubectl is.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Runs `kubectl ARGUMENTS` and returns what it prints.
    ///
    /// # Errors
    ///
    /// Fails when kubectl does, with what it says.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<String> {
        self.run_with_input(arguments, Stdio::null()).await
    }

    /// Applies manifests, as a user does.
    ///
    /// # Errors
    ///
    /// Fails when kubectl does, with what it says.
    pub(crate) async fn apply(&self, manifests: &str) -> Result<String> {
        self.feed(&["apply", "-f", "-"], manifests).await
    }

    /// Runs `kubectl ARGUMENTS` with a text as its input.
    ///
    /// # Errors
    ///
    /// Fails when kubectl does, with what it says.
    pub(crate) async fn feed(&self, arguments: &[&str], input: &str) -> Result<String> {
        // a file and not a pipe: kubectl may print before it has read everything
        let mut file: File = tempfile::tempfile()?;
        file.write_all(input.as_bytes())?;
        file.rewind()?;
        self.run_with_input(arguments, Stdio::from(file)).await
    }

    /// What `kubectl ARGUMENTS -o json` prints.
    ///
    /// # Errors
    ///
    /// Fails when kubectl does, or prints something else.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Result<Value> {
        let printed = self.run(&[arguments, &["-o", "json"]].concat()).await?;
        serde_json::from_str(&printed).with_context(|| format!("kubectl {}: not JSON", arguments.join(" ")))
    }

    async fn run_with_input(&self, arguments: &[&str], input: Stdio) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig).stdin(input);
        // clusters come and go on the same ports: what one serves must not be remembered for the next
        command.arg("--cache-dir").arg(self.kubeconfig.with_extension("cache"));
        let output = tokio::task::spawn_blocking(move || command.output()).await?.context("cannot run kubectl")?;
        let printed = String::from_utf8(output.stdout)?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "kubectl {}: {}{}", arguments.join(" "), printed, complaint.trim());
        Ok(printed)
    }
}
