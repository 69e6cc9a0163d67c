//! A real Prometheus that scrapes the programs under test, and its linter.
#![expect(clippy::disallowed_methods, reason = "writes the file that Prometheus reads")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::control_plane::{Cluster, READY};
use super::keeper::bound_to_us;
use super::ports::free_address;
use super::probe::Probe;
use super::process::Process;

/// A running Prometheus; it ends when it is dropped.
pub(crate) struct Prometheus {
    process: Process,
    probe: Probe,
}

impl Prometheus {
    /// Ends it, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// The series that a `PromQL` query returns now, each with its labels and value.
    ///
    /// # Errors
    ///
    /// Fails when Prometheus does not answer, or refuses the query.
    pub(crate) async fn query(&self, query: &str) -> Result<Vec<Value>> {
        let path = format!("/api/v1/query?query={}", percent_encoded(query));
        let answer: Value = serde_json::from_str(&self.probe.get(&path).await?)?;
        let series = answer.pointer("/data/result").and_then(Value::as_array);
        series.cloned().with_context(|| format!("no series in {answer}"))
    }

    /// The value of a query that returns one series.
    ///
    /// # Errors
    ///
    /// Fails when it returns none, or several.
    pub(crate) async fn value(&self, query: &str) -> Result<f64> {
        match self.query(query).await?.as_slice() {
            [series] => {
                let value = series.pointer("/value/1").and_then(Value::as_str);
                Ok(value.context("a series without value")?.parse()?)
            }
            several => bail!("{query}: {} series: {several:?}", several.len()),
        }
    }
}

impl Cluster {
    /// Starts a Prometheus that scrapes these listeners, each under its job's name, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Fails when Prometheus is not installed, or does not come up.
    pub(crate) async fn start_prometheus(&self, jobs: &[(&str, SocketAddr)]) -> Result<Prometheus> {
        self.start_prometheus_at(free_address()?, jobs).await
    }

    /// The same with an address that was chosen before.
    ///
    /// # Errors
    ///
    /// Fails when Prometheus is not installed, or does not come up.
    pub(crate) async fn start_prometheus_at(
        &self,
        address: SocketAddr,
        jobs: &[(&str, SocketAddr)],
    ) -> Result<Prometheus> {
        let jobs: Vec<Value> = jobs
            .iter()
            .map(|(name, target)| json!({ "job_name": name, "static_configs": [{ "targets": [target] }] }))
            .collect();
        let configuration = json!({ "global": { "scrape_interval": "1s" }, "scrape_configs": jobs });
        let file = self.folder().join("prometheus.yml");
        fs::write(&file, format!("{configuration:#}\n"))?;
        let mut command = bound_to_us(program("prometheus", &search_path())?);
        command.arg("--config.file").arg(file).arg("--storage.tsdb.path").arg(self.folder().join("prometheus"));
        command.arg(format!("--web.listen-address={address}"));
        let mut process = Process::start("prometheus", command, self.folder())?;
        let probe = Probe::http(address)?;
        process.ready(READY, async || probe.check("/-/ready").await).await?;
        Ok(Prometheus { process, probe })
    }
}

/// What `promtool check metrics` says about an exposition: nothing, where it follows the conventions.
///
/// # Errors
///
/// Fails when the tool is not installed, or complains.
pub(crate) fn check_metrics(exposition: &str) -> Result<()> {
    let mut input: File = tempfile::tempfile()?;
    input.write_all(exposition.as_bytes())?;
    input.rewind()?;
    let mut command = Command::new(program("promtool", &search_path())?);
    let output = command.args(["check", "metrics"]).stdin(Stdio::from(input)).output()?;
    let complaints = [output.stdout, output.stderr].concat();
    let complaints = String::from_utf8_lossy(&complaints);
    ensure!(output.status.success() && complaints.trim().is_empty(), "promtool check metrics: {complaints}");
    Ok(())
}

/// Finds a program of Prometheus in a search path, as `PATH` is one.
///
/// # Errors
///
/// Says what to install when it is not there.
pub(crate) fn program(name: &str, search_path: &OsStr) -> Result<PathBuf> {
    let mut candidates = std::env::split_paths(search_path).map(|folder| folder.join(name));
    candidates.find(|candidate| candidate.is_file()).with_context(|| {
        format!("`{name}` is not installed: `apt-get install --no-install-recommends prometheus` (its service is not needed)")
    })
}

fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}
