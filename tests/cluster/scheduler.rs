//! kube-scheduler with a given configuration, started when the test wants it.
#![expect(clippy::disallowed_methods, reason = "writes the file that kube-scheduler reads")]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::control_plane::{Cluster, READY};
use super::keeper::bound_to_us;
use super::kubeconfig::Credentials;
use super::ports::free_address;
use super::probe::Probe;
use super::process::Process;

/// What a kube-scheduler is started with.
#[derive(Debug)]
pub(crate) struct SchedulerSettings {
    name: String,
    configuration: Value,
    kubeconfig: Option<PathBuf>,
    arguments: Vec<String>,
}

impl SchedulerSettings {
    /// Upstream's defaults. The name is that of the process and its files, not of a profile.
    pub(crate) fn new(name: &str) -> Self {
        let configuration =
            json!({ "apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration" });
        Self { name: name.to_owned(), configuration, kubeconfig: None, arguments: Vec::new() }
    }

    /// With a whole `KubeSchedulerConfiguration` in YAML, as a cluster would be given.
    ///
    /// # Errors
    ///
    /// Fails when the text is not YAML.
    pub(crate) fn configuration(mut self, yaml: &str) -> Result<Self> {
        self.configuration = serde_saphyr::from_str(yaml).context("scheduler configuration")?;
        Ok(self)
    }

    /// With changes merged into the configuration (a JSON merge patch: lists are replaced whole).
    pub(crate) fn merge(mut self, changes: &Value) -> Self {
        json_patch::merge(&mut self.configuration, changes);
        self
    }

    /// With the configuration's first extender at another address.
    ///
    /// # Errors
    ///
    /// Fails when the configuration has no extender.
    pub(crate) fn extender_at(mut self, url: &str) -> Result<Self> {
        let prefix = self.configuration.pointer_mut("/extenders/0/urlPrefix");
        *prefix.context("the scheduler configuration has no extender")? = json!(url);
        Ok(self)
    }

    /// With the rights of a kubeconfig, instead of those that Kubernetes gives the user `system:kube-scheduler`.
    pub(crate) fn kubeconfig(mut self, path: &Path) -> Self {
        self.kubeconfig = Some(path.to_owned());
        self
    }

    /// With a command-line argument more.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }
}

/// A running kube-scheduler; it ends when it is dropped.
pub(crate) struct Scheduler {
    process: Process,
    probe: Probe,
}

impl Scheduler {
    /// The process, for its id and its end.
    pub(crate) const fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it, as `kill -9` does, starts it again and waits until it has read the cluster's state.
    ///
    /// # Errors
    ///
    /// Fails when it does not come up.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.process.restart()?;
        self.ready().await
    }

    /// Its metrics.
    ///
    /// # Errors
    ///
    /// Fails when it does not answer.
    pub(crate) async fn metrics(&self) -> Result<String> {
        self.probe.get("/metrics").await
    }

    async fn ready(&mut self) -> Result<()> {
        let probe = &self.probe;
        self.process.ready(READY, async || probe.check("/readyz").await).await
    }
}

impl Cluster {
    /// Starts a kube-scheduler and waits until it has read the cluster's state.
    ///
    /// # Errors
    ///
    /// Fails when it does not come up, and shows what it says.
    pub(crate) async fn start_scheduler(&self, settings: SchedulerSettings) -> Result<Scheduler> {
        let SchedulerSettings { name, configuration, kubeconfig, arguments } = settings;
        let kubeconfig = kubeconfig.map_or_else(|| self.scheduler_kubeconfig(&name), Ok)?;
        let mut merged = json!({
            // upstream's 50 writes a second would be what a test measures
            "clientConnection": { "qps": 5000, "burst": 5000 },
            // a lease would have to run out after each `kill -9`
            "leaderElection": { "leaderElect": false },
        });
        json_patch::merge(&mut merged, &configuration);
        json_patch::merge(&mut merged, &json!({ "clientConnection": { "kubeconfig": kubeconfig } }));
        let file = self.folder().join(format!("{name}.configuration.yaml"));
        fs::write(&file, format!("{merged:#}\n"))?;
        let address = free_address()?;
        let mut command = bound_to_us(self.site().binaries.path("kube-scheduler"));
        command.arg("--config").arg(file).args(arguments);
        command.arg("--authorization-always-allow-paths=/metrics,/healthz,/readyz,/livez,/configz");
        self.site().serve_at(&mut command, address);
        let process = Process::start(&name, command, self.folder())?;
        let mut scheduler = Scheduler { process, probe: Probe::https(address, self.authority())? };
        scheduler.ready().await?;
        Ok(scheduler)
    }

    fn scheduler_kubeconfig(&self, name: &str) -> Result<PathBuf> {
        let pair = self.authority().client(name, "system:kube-scheduler", None)?;
        self.write_kubeconfig(name, &Credentials::Certificate(pair))
    }
}
