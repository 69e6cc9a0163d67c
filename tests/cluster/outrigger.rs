//! The program under test: one process of `outrigger serve`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::control_plane::{Cluster, READY};
use super::keeper::bound_to_us;
use super::pki::Pair;
use super::ports::free_address;
use super::probe::Probe;
use super::process::Process;

/// What a process of `outrigger serve` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers kube-scheduler.
    Extender,
    /// Answers the API server.
    Admission,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Extender => "extender",
            Self::Admission => "admission",
        }
    }

    /// What stands behind `--role`: controllers run beside the extender, as `deploy/` has it.
    const fn argument(self) -> &'static str {
        match self {
            Self::Extender => "extender,controller",
            Self::Admission => self.name(),
        }
    }
}

/// What a process of `outrigger serve` is started with.
#[derive(Debug)]
pub(crate) struct OutriggerSettings {
    program: PathBuf,
    role: Role,
    kubeconfig: PathBuf,
    policies: PathBuf,
    certificate: Option<Pair>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl OutriggerSettings {
    /// A program (`env!("CARGO_BIN_EXE_outrigger")` in a test), what it does, with whose rights, and its policies.
    pub(crate) fn new(program: impl Into<PathBuf>, role: Role, kubeconfig: &Path, policies: &Path) -> Self {
        let (kubeconfig, policies) = (kubeconfig.to_owned(), policies.to_owned());
        let (arguments, environment) = (Vec::new(), Vec::new());
        Self { program: program.into(), role, kubeconfig, policies, certificate: None, arguments, environment }
    }

    /// With a certificate for admission, instead of one that the cluster's authority signs.
    pub(crate) fn certificate(mut self, pair: Pair) -> Self {
        self.certificate = Some(pair);
        self
    }

    /// With the rights and the API server of another kubeconfig.
    pub(crate) fn kubeconfig(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.kubeconfig);
        self
    }

    /// With a command-line argument more.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// With another value of a flag.
    pub(crate) fn with(mut self, flag: &str, value: &str) -> Self {
        self.arguments.retain(|argument| argument.split('=').next() != Some(flag));
        self.argument(&format!("{flag}={value}"))
    }

    /// With an environment variable more.
    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A running `outrigger serve`; it ends when it is dropped. Its addresses stay the same when it is started again.
pub(crate) struct Outrigger {
    process: Process,
    service: SocketAddr,
    role: Role,
    metrics: Probe,
    metrics_address: SocketAddr,
}

impl Outrigger {
    /// The base of its service: for the extender what `urlPrefix` wants, for admission what comes before the path of
    /// a webhook.
    pub(crate) fn url(&self) -> String {
        match self.role {
            Role::Extender => format!("http://{}/extender", self.service),
            Role::Admission => format!("https://{}/admission", self.service),
        }
    }

    /// Where its service listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.service
    }

    /// Where its metrics are scraped.
    pub(crate) const fn metrics_address(&self) -> SocketAddr {
        self.metrics_address
    }

    /// The process, for its id and its end.
    pub(crate) const fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it, as `kill -9` does, starts it again and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Fails when it does not come up, and shows what it says.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.process.restart()?;
        self.ready().await
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    ///
    /// Fails when it does not come up, and shows what it says.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        let probe = &self.metrics;
        self.process.ready(READY, async || probe.check("/readyz").await).await
    }

    /// Its metrics.
    ///
    /// # Errors
    ///
    /// Fails when it does not answer.
    pub(crate) async fn metrics(&self) -> Result<String> {
        self.metrics.get("/metrics").await
    }
}

impl Cluster {
    /// Starts `outrigger serve` and waits until it is ready. The name is that of the process and its files.
    ///
    /// # Errors
    ///
    /// Fails when it does not come up, and shows what it says.
    pub(crate) async fn start_outrigger(&self, name: &str, settings: OutriggerSettings) -> Result<Outrigger> {
        let OutriggerSettings { program, role, kubeconfig, policies, certificate, arguments, environment } = settings;
        let (service, metrics_address) = (free_address()?, free_address()?);
        let mut command = bound_to_us(program);
        command.args(["serve", "--role", role.argument()]).arg("--kubeconfig").arg(kubeconfig);
        command.arg("--policies").arg(policies);
        command.arg(format!("--{}-listen={service}", role.name())).arg(format!("--metrics-listen={metrics_address}"));
        if role == Role::Admission {
            let pair = certificate.map_or_else(|| self.authority().server(name), Ok)?;
            command.arg("--tls-cert").arg(pair.certificate).arg("--tls-key").arg(pair.key);
        }
        command.args(arguments).envs(environment);
        let process = Process::start(name, command, self.folder())?;
        let mut outrigger =
            Outrigger { process, service, role, metrics: Probe::http(metrics_address)?, metrics_address };
        outrigger.ready().await?;
        Ok(outrigger)
    }
}
