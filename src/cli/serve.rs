//! `outrigger serve`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::ServerConfig;
use tokio::signal::unix::{SignalKind, signal};

use super::connect::connect;
use super::process_identity::process_identity;
use super::task_group::TaskGroup;
use super::{CommandError, policies, runtime};
use crate::commit::{Binder, KubeApi};
use crate::control::{Lease, Registration, Requeuer, SidecarDryRun, StatusWriter};
use crate::demand::{DemandFeed, DemandFeedParts, DemandStatus, NewestSamples, StateFolder};
use crate::files::{self, LoadFile, PolicyFiles, follow_authorities, follow_certificate};
use crate::http::{self, Endpoint, ExtenderState, Operations};
use crate::policy::PolicySet;
use crate::state::Cluster;
use crate::store::Store;
use crate::telemetry::{self, LogFormat};
use crate::tls::{CallerAuthorities, ServingCertificate};
use crate::watch::{Feed, Kinds, watch_for_sizing};

/// Threads of the runtime; the servers have workers of their own.
const THREADS: usize = 2;
/// How often histograms are drained.
const UPKEEP: Duration = Duration::from_secs(5);

/// Answer kube-scheduler as an extender, and the API server as an admission webhook
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  outrigger serve --role extender,controller --kubeconfig ~/.kube/config
  outrigger serve --role admission --tls-cert tls.crt --tls-key tls.key")]
pub(super) struct Arguments {
    /// Roles of this process, separated by commas
    #[arg(long, value_delimiter = ',', required = true)]
    role: Vec<Role>,
    /// Kubeconfig file; by default the file in KUBECONFIG, the file in the home folder, or the service account
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Folder with StreamPolicy files; by default the shipped policies apply
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// File with the load of nodes, read again after each change; see `loadProtection` in policies. Without it, the source of
    /// `demand` in policies gives the load
    #[arg(long, value_name = "FILE")]
    load_file: Option<PathBuf>,
    /// Show the risk of every node in the metrics: one series a node
    #[arg(long)]
    node_risk_metrics: bool,
    /// Folder in which what was learnt of demand outlives a restart; see `demand` in policies
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Address on which the extender answers kube-scheduler; plain HTTP on loopback only
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8480")]
    extender_listen: SocketAddr,
    /// Seconds for which a watch may fail before the extender stops placing PEs
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    stale_after: u32,
    /// Nodes that filter names; `best` needs a kube-scheduler profile without other score plugins, as deploy/ has it
    #[arg(long, value_name = "NODES", default_value = "all")]
    filter_names: FilterNames,
    /// Certificate of the extender; required beyond loopback
    #[arg(long, value_name = "FILE", requires = "extender_tls_key")]
    extender_tls_cert: Option<PathBuf>,
    /// Private key of the certificate of the extender
    #[arg(long, value_name = "FILE", requires = "extender_tls_cert")]
    extender_tls_key: Option<PathBuf>,
    /// Authorities of the certificates that kube-scheduler has to show; required beyond loopback
    #[arg(long, value_name = "FILE", requires = "extender_tls_cert")]
    extender_tls_client_ca: Option<PathBuf>,
    /// Address on which the webhook answers the API server, over TLS
    #[arg(long, value_name = "IP:PORT", default_value = "0.0.0.0:8443")]
    admission_listen: SocketAddr,
    /// Certificate of the webhook; required for role admission
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate of the webhook
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Address of /livez, /readyz and /metrics
    #[arg(long, value_name = "IP:PORT", default_value = "0.0.0.0:9464")]
    metrics_listen: SocketAddr,
    /// Address of /livez and /readyz alone, for probes; without it, probes ask the address of the metrics
    #[arg(long, value_name = "IP:PORT")]
    health_listen: Option<SocketAddr>,
    /// Namespace of this installation: of the Lease that elects the controller, and of the dry runs of sidecars
    #[arg(long, value_name = "NAME", default_value = "outrigger-system")]
    lease_namespace: String,
    /// Worker threads of each server
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    workers: u8,
    /// Format of log lines
    #[arg(long, default_value = "text")]
    log_format: LogFormat,
    /// Filter of log lines, in the syntax of `RUST_LOG`
    #[arg(long, env = "RUST_LOG", hide_env_values = true, default_value = "info,kube=warn")]
    log: String,
}

/// The nodes that filter names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FilterNames {
    /// The best node alone, where no preference of the pod could choose another.
    Best,
    /// Every node that passes.
    All,
}

/// A role of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Answers kube-scheduler: filter, prioritize, preempt, bind.
    Extender,
    /// Answers the API server: mutate and validate.
    Admission,
    /// Writes status and events of pools and jobs, and requeues PEs; runs beside the extender, in one process at a time.
    Controller,
}

pub(super) fn run(arguments: Arguments) -> Result<(), CommandError> {
    if arguments.load_file.is_some() && !arguments.role.contains(&Role::Extender) {
        return Err(CommandError::input("--load-file: only the extender reads it; use --role extender"));
    }
    if arguments.role.contains(&Role::Controller) && !arguments.role.contains(&Role::Extender) {
        return Err(CommandError::input(
            "--role controller: it runs beside the extender; use --role extender,controller",
        ));
    }
    let is_loopback = arguments.extender_listen.ip().is_loopback();
    if !is_loopback && arguments.extender_tls_cert.is_some() && arguments.extender_tls_client_ca.is_none() {
        return Err(CommandError::input(format!(
            "--extender-listen {}: it is not loopback, so everybody could bind pods; give --extender-tls-client-ca",
            arguments.extender_listen
        )));
    }
    telemetry::install_logs(arguments.log_format, &arguments.log);
    runtime::on_threads(THREADS)?.block_on(serve(arguments))
}

async fn serve(arguments: Arguments) -> Result<(), CommandError> {
    let metrics = telemetry::install_metrics().map_err(CommandError::failed)?;
    let (files, policies) = policies::load(arguments.policies.as_deref())?;
    report(&policies);
    let certificates = certificates(&arguments)?;
    let client = connect(arguments.kubeconfig.as_deref()).await.map_err(CommandError::input)?;
    let checks = PolicyChecks::new(&arguments, &client);
    let store = Arc::new(Store::new(checks.check(policies).await));
    let is_extender = arguments.role.contains(&Role::Extender);
    let demand = demand_parts(&arguments, &client, &store)?;
    let mut load = LoadFile::new(arguments.load_file.clone());
    // The first answer already knows the load of nodes.
    load.read_again(&store);
    let identity = process_identity();
    let of_admission = arguments.role.contains(&Role::Admission);
    let kinds = Kinds { of_placement: is_extender, of_admission };
    let feed = Arc::new(Feed::start(&client, &store, kinds));
    let api = Arc::new(KubeApi::new(client.clone(), &arguments.lease_namespace));
    let binder = Arc::new(Binder::new(Arc::clone(&store), api, identity.clone()));

    let mut servers = TaskGroup::default();
    let workers = usize::from(arguments.workers);
    if is_extender {
        let endpoint = Endpoint { address: arguments.extender_listen, tls: certificates.extender, workers };
        let state = ExtenderState {
            store: Arc::clone(&store),
            binder: Arc::clone(&binder),
            feed: Arc::clone(&feed),
            stale_after: Duration::from_secs(arguments.stale_after.into()),
            filter_decides: arguments.filter_names == FilterNames::Best,
        };
        servers.serve("extender", http::extender_server(endpoint, state).map_err(CommandError::input)?);
    }
    if let Some(config) = certificates.admission {
        let server = http::admission_server(arguments.admission_listen, config, Arc::clone(&store), workers);
        servers.serve("admission", server.map_err(CommandError::input)?);
    }
    let operations = operations(&arguments, metrics.clone(), &store, (&feed, &demand.status));
    serve_operations(&mut servers, &arguments, operations)?;

    let mut background = TaskGroup::default();
    follow_policies(&mut background, files, checks, &store);
    if is_extender {
        background.spawn("demand", DemandFeed::new(demand).follow());
    } else {
        background.spawn("demand", follow_sizing(demand));
    }
    if is_extender {
        let store = Arc::clone(&store);
        background.spawn("load", async move { load.follow(&store).await });
    }
    follow_certificates(&mut background, certificates.serving, certificates.callers);
    background.spawn("metrics upkeep", upkeep(metrics));
    background.spawn("unknown bind outcomes", async move { binder.resolve_unknown_outcomes().await });
    let controls = arguments.role.contains(&Role::Controller);
    let lease = controls.then(|| {
        let lease = Arc::new(Lease::new(client.clone(), &arguments.lease_namespace, identity.clone()));
        start_controllers(&mut background, &lease, client, store, identity);
        lease
    });
    run_until_stopped(servers, background, lease).await
}

/// Starts the tasks that read policy files again, and that ask the API server again about sidecars.
fn follow_policies(background: &mut TaskGroup, files: Option<PolicyFiles>, checks: PolicyChecks, store: &Arc<Store>) {
    if let Some((dry_run, _)) = &checks.0 {
        background.spawn("sidecar dry runs", dry_run.clone().follow(Arc::clone(store)));
    }
    if let Some(files) = files {
        let follow = files.follow(Arc::clone(store), async move |policies| checks.check(policies).await);
        background.spawn("policy files", follow);
    }
}

/// What demand is measured with.
fn demand_parts(
    arguments: &Arguments,
    client: &kube::Client,
    store: &Arc<Store>,
) -> Result<DemandFeedParts, CommandError> {
    let folder = arguments.state_dir.as_deref().map(StateFolder::open).transpose().map_err(CommandError::input)?;
    Ok(DemandFeedParts {
        store: Arc::clone(store),
        client: client.clone(),
        folder,
        gives_loads: arguments.load_file.is_none(),
        status: DemandStatus::default(),
    })
}

/// Starts the tasks that write while this process holds the lease.
fn start_controllers(
    background: &mut TaskGroup,
    lease: &Arc<Lease>,
    client: kube::Client,
    store: Arc<Store>,
    identity: String,
) {
    let requeuer = Requeuer::new(client.clone(), Arc::clone(&store), Arc::clone(lease));
    let status_writer = StatusWriter::new(client, store, Arc::clone(lease), identity);
    let followed = Arc::clone(lease);
    background.spawn("lease", async move { followed.follow().await });
    background.spawn("requeue", requeuer.follow());
    background.spawn("status", status_writer.follow());
}

/// Watches and measures what sizing by demand needs, from the moment at which a policy sizes by demand.
async fn follow_sizing(demand: DemandFeedParts) -> Infallible {
    const LONG: Duration = Duration::from_hours(1);
    let is_wanted = |cluster: &Cluster| cluster.policies().sizes_by_demand().then_some(());
    while demand.store.wait_for(LONG, is_wanted).await.is_none() {}
    tracing::info!("a policy sizes PEs by demand: pods and nodes are watched and measured");
    watch_for_sizing(&demand.client, &demand.store);
    DemandFeed::new(demand).follow().await
}

/// What the API server is asked about policies before they take effect; nothing where this process admits no pods.
struct PolicyChecks(Option<(SidecarDryRun, Registration)>);

impl PolicyChecks {
    fn new(arguments: &Arguments, client: &kube::Client) -> Self {
        let checks = || {
            let dry_run = SidecarDryRun::new(client.clone(), &arguments.lease_namespace);
            (dry_run, Registration::new(client.clone()))
        };
        Self(arguments.role.contains(&Role::Admission).then(checks))
    }

    /// The policies, with the sidecars marked that the API server accepts in no pod.
    async fn check(&self, policies: PolicySet) -> PolicySet {
        let Some((dry_run, registration)) = &self.0 else { return policies };
        registration.compare(&policies).await;
        dry_run.check(policies).await
    }
}

/// Starts the listeners of probes and metrics.
fn serve_operations(
    servers: &mut TaskGroup,
    arguments: &Arguments,
    operations: Operations,
) -> Result<(), CommandError> {
    if let Some(address) = arguments.health_listen {
        servers.serve("health", http::health_server(address, operations.clone()).map_err(CommandError::input)?);
    }
    let server = http::operations_server(arguments.metrics_listen, operations);
    servers.serve("metrics", server.map_err(CommandError::input)?);
    Ok(())
}

/// Runs until a signal comes or a task ends early. After a signal the servers finish the requests in flight; the tasks that
/// these requests need end after the servers, and the lease is released after the tasks that write under it.
async fn run_until_stopped(
    mut servers: TaskGroup,
    mut background: TaskGroup,
    lease: Option<Arc<Lease>>,
) -> Result<(), CommandError> {
    let stopped = tokio::select! {
        problem = servers.ended_early() => Err(problem),
        problem = background.ended_early() => Err(problem),
        () = stop_signal() => {
            tracing::info!("stopping: requests in flight are finished");
            servers.end().await
        }
    };
    let ended = background.end().await;
    if let Some(lease) = lease {
        lease.release().await;
    }
    stopped.and(ended).map_err(CommandError::failed)
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() {
    let received = async |kind: SignalKind| match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_cannot_listen) => std::future::pending().await,
    };
    tokio::select! {
        () = received(SignalKind::terminate()) => {}
        () = received(SignalKind::interrupt()) => {}
    }
}

/// Histograms grow until they are drained, also where nobody scrapes them.
#[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
async fn upkeep(metrics: PrometheusHandle) -> Infallible {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// The TLS configurations of the servers, and their certificates.
struct Tls {
    extender: Option<ServerConfig>,
    admission: Option<ServerConfig>,
    serving: Vec<Arc<ServingCertificate>>,
    callers: Option<Arc<CallerAuthorities>>,
}

fn certificates(arguments: &Arguments) -> Result<Tls, CommandError> {
    let load = |listener, certificate: &Option<PathBuf>, key: &Option<PathBuf>| match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let pair = ServingCertificate::from_files(listener, certificate.clone(), key.clone());
            pair.map(Some).map_err(CommandError::input)
        }
        _ => Ok(None),
    };
    let file = arguments.extender_tls_client_ca.clone();
    let callers = file.map(|file| CallerAuthorities::from_file("extender", file)).transpose();
    let callers = callers.map_err(CommandError::input)?;
    let of_extender = load("extender", &arguments.extender_tls_cert, &arguments.extender_tls_key)?;
    let extender = of_extender.as_ref().map(|pair| match &callers {
        Some(callers) => pair.mutual_server_config(Arc::clone(callers)),
        None => pair.server_config(),
    });
    let mut serving = Vec::from_iter(of_extender);
    let mut admission = None;
    if arguments.role.contains(&Role::Admission) {
        let pair = load("admission", &arguments.tls_cert, &arguments.tls_key)?;
        let pair = pair.ok_or_else(|| CommandError::input("--role admission needs --tls-cert and --tls-key"))?;
        admission = Some(pair.server_config());
        serving.push(pair);
    }
    let extender = extender.transpose().map_err(CommandError::failed)?;
    let admission = admission.transpose().map_err(CommandError::failed)?;
    Ok(Tls { extender, admission, serving, callers })
}

/// Starts the tasks that read the files of certificates again.
fn follow_certificates(
    background: &mut TaskGroup,
    serving: Vec<Arc<ServingCertificate>>,
    callers: Option<Arc<CallerAuthorities>>,
) {
    for certificate in serving {
        background.spawn("certificate", follow_certificate(certificate));
    }
    if let Some(callers) = callers {
        background.spawn("authorities of callers", follow_authorities(callers));
    }
}

fn operations(
    arguments: &Arguments,
    metrics: PrometheusHandle,
    store: &Arc<Store>,
    (feed, status): (&Arc<Feed>, &DemandStatus),
) -> Operations {
    let shows_node_risks = arguments.node_risk_metrics;
    let refreshed = (Arc::clone(store), Arc::clone(feed), status.clone());
    let ready = Arc::clone(feed);
    Operations {
        metrics,
        refresh: Arc::new(move || {
            let (store, feed, status) = &refreshed;
            telemetry::snapshot(feed.age(), store.view().snapshot.nodes().count());
            let (committed, reserved) = store.read(|cluster| (cluster.assumed_len(), cluster.reserved_len()));
            telemetry::assumed_pods(committed, store.reservations().len(), reserved);
            telemetry::load(store.read(Cluster::load_summary), clock());
            if shows_node_risks {
                let view = store.view();
                telemetry::node_risks(view.snapshot.node_risks().map(|(node, risk)| (node.clone(), risk)));
            }
            if let Some(NewestSamples { source, at }) = status.newest() {
                telemetry::demand_age(source, at, clock());
            }
        }),
        readiness: Arc::new(move || {
            let missing = ready.unlisted().map(|(kind, problem)| match problem {
                Some(problem) => format!("{kind} ({problem})"),
                None => kind.to_owned(),
            });
            let missing: Vec<String> = missing.collect();
            if missing.is_empty() {
                Ok(())
            } else {
                Err(format!("waiting for the first list of {}", missing.join(", ")))
            }
        }),
    }
}

fn report(policies: &PolicySet) {
    files::report(policies);
    for policy in policies.iter() {
        tracing::info!(policy = &*policy.name, priority = policy.priority, dialect = %policy.dialect, "loaded");
    }
}

#[expect(clippy::disallowed_methods, reason = "the age of measurements is computed when Prometheus scrapes")]
fn clock() -> Timestamp {
    Timestamp::now()
}
