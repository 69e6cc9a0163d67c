//! Outrigger installed as `deploy/` says: its manifests applied, its processes on 127.0.0.1 with the rights of its own
//! service accounts.
//!
//! What stands in `deploy/` is what runs: policies, kube-scheduler's configuration, the programs' arguments, accounts and
//! rights, webhook registrations. Rewritten are only addresses, files and credentials, `podMaxBackoffSeconds`, and the
//! leader election, which a test asks for when it wants it. The Deployments themselves are left out: their pods would need a
//! kubelet that can run them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

use super::control_plane::Cluster;
use super::outrigger::{Outrigger, OutriggerSettings, Role};
use super::pki::Pair;
use super::scheduler::{Scheduler, SchedulerSettings};
use super::wait::until;

/// The namespace that `deploy/` installs into.
pub(crate) const NAMESPACE: &str = "outrigger-system";
/// The account of kube-scheduler and the extender.
pub(crate) const SCHEDULER_ACCOUNT: &str = "outrigger-scheduler";
/// The account of the webhook.
pub(crate) const WEBHOOK_ACCOUNT: &str = "outrigger-webhook";
/// How long the API server may take until it calls a webhook that was registered.
const REGISTERED: Duration = Duration::from_secs(30);

/// What is started of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// `outrigger serve --role extender`.
    Extender,
    /// kube-scheduler with `deploy/scheduler/configuration.yaml`; needs the extender.
    Scheduler,
    /// `outrigger serve --role admission`, and the webhook registrations.
    Admission,
}

/// What an installation is started with.
#[derive(Debug)]
pub(crate) struct InstallationSettings {
    program: PathBuf,
    parts: Vec<Part>,
    policies: Vec<(String, String)>,
}

impl InstallationSettings {
    /// Everything, with a program: `env!("CARGO_BIN_EXE_outrigger")` in a test.
    pub(crate) fn new(program: impl Into<PathBuf>) -> Self {
        let parts = vec![Part::Extender, Part::Scheduler, Part::Admission];
        Self { program: program.into(), parts, policies: Vec::new() }
    }

    /// Without a part; a test can start it later by [`Installation::start_extender`] and its like.
    pub(crate) fn without(mut self, part: Part) -> Self {
        self.parts.retain(|kept| *kept != part);
        self
    }

    /// With a policy file more, or another one in place of the one of that name.
    pub(crate) fn policy(mut self, file: &str, text: &str) -> Self {
        self.policies.push((file.to_owned(), text.to_owned()));
        self
    }
}

/// A control plane with Outrigger. Fields are dropped in this order: who asks goes before who answers.
pub(crate) struct Installation {
    /// kube-scheduler with our profile, unless held back.
    pub(crate) scheduler: Option<Scheduler>,
    /// The extender that kube-scheduler asks, unless held back.
    pub(crate) extender: Option<Outrigger>,
    /// The webhook that the API server asks, unless held back.
    pub(crate) admission: Option<Outrigger>,
    /// What is deployed, and with whose rights it runs.
    pub(crate) release: Release,
    /// The control plane.
    pub(crate) cluster: Cluster,
}

impl Installation {
    /// Starts a control plane, installs Outrigger on it, and waits until all parts work together.
    ///
    /// # Errors
    ///
    /// Fails when a manifest is refused or a program does not come up, and shows what it says.
    pub(crate) async fn start(settings: InstallationSettings) -> Result<Self> {
        let cluster = Cluster::start().await?;
        let InstallationSettings { program, parts, policies } = settings;
        let release = match Release::install(&cluster, program, &policies).await {
            Ok(release) => release,
            Err(error) => {
                cluster.keep_logs();
                return Err(error);
            }
        };
        let mut installation = Self { scheduler: None, extender: None, admission: None, release, cluster };
        if let Err(error) = installation.start_parts(&parts).await {
            installation.cluster.keep_logs();
            return Err(error);
        }
        Ok(installation)
    }

    /// Applies what is deployed to a control plane, and starts nothing.
    ///
    /// # Errors
    ///
    /// Fails when a manifest is refused.
    pub(crate) async fn release(cluster: &Cluster, settings: InstallationSettings) -> Result<Release> {
        Release::install(cluster, settings.program, &settings.policies).await
    }

    async fn start_parts(&mut self, parts: &[Part]) -> Result<()> {
        let (extender, admission) = tokio::try_join!(
            async {
                let wanted = parts.contains(&Part::Extender);
                if wanted { self.start_extender("extender").await.map(Some) } else { Ok(None) }
            },
            async {
                let wanted = parts.contains(&Part::Admission);
                if wanted { self.start_admission("admission").await.map(Some) } else { Ok(None) }
            },
        )?;
        (self.extender, self.admission) = (extender, admission);
        if parts.contains(&Part::Scheduler) {
            let extender = self.extender.as_ref().context("kube-scheduler needs an extender")?;
            self.scheduler = Some(self.start_scheduler("scheduler", extender).await?);
        }
        if let Some(admission) = &self.admission {
            self.register(admission).await?;
        }
        Ok(())
    }

    /// Starts an extender and waits until it is ready. The name is that of the process and its files.
    ///
    /// # Errors
    ///
    /// Fails when it does not come up.
    pub(crate) async fn start_extender(&self, name: &str) -> Result<Outrigger> {
        self.cluster.start_outrigger(name, self.release.extender()?).await
    }

    /// Starts a webhook and waits until it is ready; [`Self::register`] makes the API server ask it.
    ///
    /// # Errors
    ///
    /// Fails when it does not come up.
    pub(crate) async fn start_admission(&self, name: &str) -> Result<Outrigger> {
        self.cluster.start_outrigger(name, self.release.admission()?).await
    }

    /// Starts a kube-scheduler that asks this extender.
    ///
    /// # Errors
    ///
    /// Fails when it does not come up.
    pub(crate) async fn start_scheduler(&self, name: &str, extender: &Outrigger) -> Result<Scheduler> {
        self.cluster.start_scheduler(self.release.scheduler(name, extender)?).await
    }

    /// Registers a webhook as `deploy/webhook` does, at its address here, and waits until PEs are changed by it.
    ///
    /// # Errors
    ///
    /// Fails when the API server does not ask it.
    pub(crate) async fn register(&self, admission: &Outrigger) -> Result<()> {
        let registrations = self.release.registrations(&admission.url())?;
        apply(&self.cluster, &registrations).await?;
        let pods: Api<Pod> = Api::default_namespaced(self.cluster.client().await?);
        // never stored, so no test meets it
        let probe: Pod = serde_json::from_value(json!({
            "metadata": { "name": "is-the-webhook-asked", "labels": { "outrigger.dev/job": "none" } },
            "spec": { "containers": [{ "name": "main", "image": "none" }] },
        }))?;
        let parameters = PostParams { dry_run: true, ..PostParams::default() };
        until("the API server asks the webhook", REGISTERED, async || {
            let pod = pods.create(&parameters, &probe).await?;
            let annotations = pod.metadata.annotations.unwrap_or_default();
            ensure!(annotations.contains_key("outrigger.dev/policy"), "a PE passes unchanged: {annotations:?}");
            Ok(())
        })
        .await
    }
}

/// What is deployed: the manifests of `deploy/`, and the files that stand in for what a kubelet would mount.
#[derive(Debug)]
pub(crate) struct Release {
    program: PathBuf,
    manifests: Vec<Value>,
    policies: PathBuf,
    scheduler_kubeconfig: PathBuf,
    webhook_kubeconfig: PathBuf,
    certificates: PathBuf,
}

impl Release {
    async fn install(cluster: &Cluster, program: PathBuf, policies: &[(String, String)]) -> Result<Self> {
        let manifests = build(cluster, &deploy_folder()).await?;
        let parts = ["Deployment", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
        let applied: Vec<&Value> = manifests.iter().filter(|manifest| !parts.contains(&kind(manifest))).collect();
        apply(cluster, &applied).await?;
        let release = Self {
            policies: write_policies(cluster.folder(), &manifests, policies)?,
            certificates: issue(&program, cluster.folder())?,
            scheduler_kubeconfig: cluster.service_account_kubeconfig(NAMESPACE, SCHEDULER_ACCOUNT).await?,
            webhook_kubeconfig: cluster.service_account_kubeconfig(NAMESPACE, WEBHOOK_ACCOUNT).await?,
            program,
            manifests,
        };
        Ok(release)
    }

    /// The manifests as `kubectl kustomize deploy` prints them.
    pub(crate) fn manifests(&self) -> &[Value] {
        &self.manifests
    }

    /// The folder of policy files that all roles read; a test may change them.
    pub(crate) fn policies(&self) -> &Path {
        &self.policies
    }

    /// The kubeconfig of kube-scheduler and the extender.
    pub(crate) fn scheduler_kubeconfig(&self) -> &Path {
        &self.scheduler_kubeconfig
    }

    /// The kubeconfig of the webhook.
    pub(crate) fn webhook_kubeconfig(&self) -> &Path {
        &self.webhook_kubeconfig
    }

    /// How the extender is deployed; to be given to [`Cluster::start_outrigger`].
    ///
    /// # Errors
    ///
    /// Fails when `deploy/` holds no extender.
    pub(crate) fn extender(&self) -> Result<OutriggerSettings> {
        self.outrigger(Role::Extender, "outrigger-scheduler", &self.scheduler_kubeconfig)
    }

    /// How the webhook is deployed; to be given to [`Cluster::start_outrigger`].
    ///
    /// # Errors
    ///
    /// Fails when `deploy/` holds no webhook.
    pub(crate) fn admission(&self) -> Result<OutriggerSettings> {
        let folder = &self.certificates;
        let pair = Pair { certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
        Ok(self.outrigger(Role::Admission, "outrigger-webhook", &self.webhook_kubeconfig)?.certificate(pair))
    }

    fn outrigger(&self, role: Role, deployment: &str, kubeconfig: &Path) -> Result<OutriggerSettings> {
        // what stands in for these is given by whoever starts the process
        let replaced = ["--role", "--policies", "--kubeconfig", "--tls-cert", "--tls-key"];
        let mut settings = OutriggerSettings::new(&self.program, role, kubeconfig, &self.policies);
        for argument in self.arguments(deployment, "outrigger")? {
            let flag = argument.split('=').next().unwrap_or_default();
            if argument != "serve" && !flag.ends_with("-listen") && !replaced.contains(&flag) {
                settings = settings.argument(argument);
            }
        }
        Ok(settings)
    }

    /// How kube-scheduler is deployed, asking this extender; to be given to [`Cluster::start_scheduler`].
    ///
    /// # Errors
    ///
    /// Fails when `deploy/` holds no configuration for it.
    pub(crate) fn scheduler(&self, name: &str, extender: &Outrigger) -> Result<SchedulerSettings> {
        let configuration = self.find("ConfigMap", "kube-scheduler-configuration")?;
        let configuration = configuration.pointer("/data/configuration.yaml").and_then(Value::as_str);
        let configuration = configuration.context("the ConfigMap has no configuration.yaml")?;
        let mut settings = SchedulerSettings::new(name)
            .configuration(configuration)?
            .kubeconfig(&self.scheduler_kubeconfig)
            .extender_at(&extender.url())?
            .merge(&json!({ "podMaxBackoffSeconds": 1, "leaderElection": { "leaderElect": false } }));
        for argument in self.arguments("outrigger-scheduler", "kube-scheduler")? {
            if !argument.starts_with("--config=") {
                settings = settings.argument(argument);
            }
        }
        Ok(settings)
    }

    /// The authority that has signed the webhook's certificate.
    pub(crate) fn authority_file(&self) -> PathBuf {
        self.certificates.join("ca.crt")
    }

    /// The webhook registrations, with a URL in place of the Service and with the authority that has to be trusted.
    ///
    /// # Errors
    ///
    /// Fails when `deploy/` registers a path that is not ours.
    pub(crate) fn registrations(&self, url: &str) -> Result<Vec<Value>> {
        let authority = k8s_openapi::ByteString(read(&self.authority_file())?.into_bytes());
        let kinds = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
        let mut registrations: Vec<Value> =
            self.manifests.iter().filter(|manifest| kinds.contains(&kind(manifest))).cloned().collect();
        ensure!(registrations.len() == 2, "deploy/ holds {} webhook registrations", registrations.len());
        for webhook in registrations.iter_mut().flat_map(webhooks) {
            let path = webhook.pointer("/clientConfig/service/path").and_then(Value::as_str);
            let path = path.and_then(|path| path.strip_prefix("/admission")).context("its path is not ours")?;
            webhook["clientConfig"] = json!({ "url": format!("{url}{path}"), "caBundle": authority });
        }
        Ok(registrations)
    }

    /// A manifest by its kind and the beginning of its name (Kustomize adds a hash to some).
    ///
    /// # Errors
    ///
    /// Fails when there is none.
    pub(crate) fn find(&self, wanted: &str, name: &str) -> Result<&Value> {
        let found =
            self.manifests.iter().find(|manifest| kind(manifest) == wanted && name_of(manifest).starts_with(name));
        found.with_context(|| format!("deploy/ holds no {wanted} {name}"))
    }

    /// The arguments of a container in a Deployment.
    fn arguments(&self, deployment: &str, container: &str) -> Result<Vec<&str>> {
        let template = self.find("Deployment", deployment)?.pointer("/spec/template/spec").context("it has no pods")?;
        let lists = ["containers", "initContainers"].map(|list| template.get(list).and_then(Value::as_array));
        let mut containers = lists.into_iter().flatten().flatten();
        let found = containers.find(|candidate| candidate["name"] == container);
        let arguments = found.and_then(|found| found["args"].as_array());
        let arguments = arguments.with_context(|| format!("{deployment}: no arguments of {container}"))?;
        Ok(arguments.iter().filter_map(Value::as_str).collect())
    }
}

/// The folder `deploy` of this repository.
pub(crate) fn deploy_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// The objects that Kustomize makes of a folder.
///
/// # Errors
///
/// Fails when Kustomize does, with what it says.
pub(crate) async fn build(cluster: &Cluster, folder: &Path) -> Result<Vec<Value>> {
    let folder = folder.to_str().context("the path is not text")?;
    let printed = cluster.kubectl().run(&["kustomize", folder]).await?;
    serde_saphyr::from_multiple(&printed).with_context(|| format!("what Kustomize makes of {folder} is not YAML"))
}

/// Applies objects as an administrator does at installation.
async fn apply(cluster: &Cluster, manifests: &[impl serde::Serialize]) -> Result<()> {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": manifests });
    cluster.kubectl().feed(&["apply", "--server-side", "-f", "-"], &list.to_string()).await.map(drop)
}

/// The policies that are deployed, and those of the test, as files.
#[expect(clippy::disallowed_methods, reason = "stands in for the ConfigMap that a kubelet mounts")]
fn write_policies(folder: &Path, manifests: &[Value], more: &[(String, String)]) -> Result<PathBuf> {
    let folder = folder.join("policies");
    fs::create_dir(&folder)?;
    let shipped =
        manifests.iter().find(|object| kind(object) == "ConfigMap" && name_of(object) == "outrigger-policies");
    let shipped = shipped.and_then(|shipped| shipped["data"].as_object()).context("deploy/ holds no policies")?;
    let shipped = shipped.iter().filter_map(|(file, text)| Some((file.as_str(), text.as_str()?)));
    let more = more.iter().map(|(file, text)| (file.as_str(), text.as_str()));
    for (file, text) in shipped.chain(more) {
        fs::write(folder.join(file), text)?;
    }
    Ok(folder)
}

/// The webhook's certificate, made as `certs/README.md` says, and valid for this machine too.
fn issue(program: &Path, folder: &Path) -> Result<PathBuf> {
    let folder = folder.join("webhook-certificate");
    let mut command = Command::new(program);
    command.args(["certs", "--service", "outrigger-webhook", "--namespace", NAMESPACE, "--name", "127.0.0.1", "--out"]);
    let output = command.arg(&folder).output().with_context(|| format!("cannot run `{}`", program.display()))?;
    ensure!(output.status.success(), "outrigger certs: {}", String::from_utf8_lossy(&output.stderr));
    Ok(folder)
}

#[expect(clippy::disallowed_methods, reason = "reads what `outrigger certs` has written")]
fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn webhooks(registration: &mut Value) -> impl Iterator<Item = &mut Value> {
    registration["webhooks"].as_array_mut().into_iter().flatten()
}

/// The kind of a manifest.
pub(crate) fn kind(manifest: &Value) -> &str {
    manifest["kind"].as_str().unwrap_or_default()
}

/// The name of a manifest.
pub(crate) fn name_of(manifest: &Value) -> &str {
    manifest.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}
