//! `outrigger serve`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use futures::FutureExt as _;
use futures::future::OptionFuture;
use jiff::Timestamp;
use kube::Client;
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::ServerConfig;
use tokio::signal::unix::{SignalKind, signal};

use super::Stop;
use super::connect::connect;
use crate::commit::{Binder, KubeApi};
use crate::control::{Controller, Lease};
use crate::files::{self, LoadFile, PolicyFiles, follow_certificate};
use crate::http::{self, Operations, Server, Servers};
use crate::policy::PolicySet;
use crate::state::Cluster;
use crate::store::Store;
use crate::telemetry::{self, LogFormat};
use crate::tls::{self, ServingCertificate};
use crate::watch::{Feed, Kinds};

/// Histograms grow until they are drained, scraped or not.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serve kube-scheduler and the API server
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  outrigger serve --role extender,controller --kubeconfig ~/.kube/config
  outrigger serve --role admission --tls-cert tls.crt --tls-key tls.key")]
pub(super) struct Arguments {
    /// What this process serves; several are separated by commas
    #[arg(long, value_delimiter = ',', required = true)]
    role: Vec<Role>,
    /// Kubeconfig file; without it KUBECONFIG, the home folder, or the service account
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Folder with StreamPolicy files; without it the policies that are shipped apply
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// File that says how busy nodes are, read again when it changes; see `loadProtection` in policies
    #[arg(long, value_name = "FILE")]
    load_file: Option<PathBuf>,
    /// Where kube-scheduler asks; plain HTTP on loopback only
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8480")]
    extender_listen: SocketAddr,
    /// Seconds for which a watch may fail before the extender places no PE any more
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    stale_after: u32,
    /// Certificate for the extender; needed beyond loopback
    #[arg(long, value_name = "FILE", requires = "extender_tls_key")]
    extender_tls_cert: Option<PathBuf>,
    /// Key of that certificate
    #[arg(long, value_name = "FILE", requires = "extender_tls_cert")]
    extender_tls_key: Option<PathBuf>,
    /// Where the API server asks, with TLS
    #[arg(long, value_name = "IP:PORT", default_value = "0.0.0.0:8443")]
    admission_listen: SocketAddr,
    /// Certificate for admission
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of that certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Where health, readiness and metrics are served
    #[arg(long, value_name = "IP:PORT", default_value = "0.0.0.0:9464")]
    metrics_listen: SocketAddr,
    /// Namespace of the lease by which one process is the controller
    #[arg(long, value_name = "NAME", default_value = "outrigger-system")]
    lease_namespace: String,
    /// Worker threads of each server
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    workers: u8,
    /// How log lines look
    #[arg(long, default_value = "text")]
    log_format: LogFormat,
    /// What is logged, in the syntax of `RUST_LOG`
    #[arg(long, env = "RUST_LOG", hide_env_values = true, default_value = "info,kube=warn")]
    log: String,
}

/// What a process serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    /// kube-scheduler: filter, prioritize, preempt, bind.
    Extender,
    /// The API server: mutate and validate.
    Admission,
    /// Status and events of pools and jobs, beside the extender; one process at a time, by a lease.
    Controller,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Stop> {
    if arguments.load_file.is_some() && !arguments.role.contains(&Role::Extender) {
        return Err(Stop::input("--load-file is read by the extender: use --role extender"));
    }
    if arguments.role.contains(&Role::Controller) && !arguments.role.contains(&Role::Extender) {
        return Err(Stop::input("--role controller runs beside the extender: use --role extender,controller"));
    }
    telemetry::install_logs(arguments.log_format, &arguments.log);
    // One provider for every TLS connection of this process; a second install would be a defect that nobody can mend.
    drop(tls::provider().install_default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Stop::failed(format!("the runtime does not start: {error}")))?;
    runtime.block_on(serve(arguments))
}

async fn serve(arguments: Arguments) -> Result<(), Stop> {
    let metrics = telemetry::install_metrics().map_err(Stop::failed)?;
    let (files, policies) = match &arguments.policies {
        Some(folder) => {
            PolicyFiles::load(folder).map(|(files, policies)| (Some(files), policies)).map_err(Stop::input)?
        }
        None => (None, files::embedded().map_err(Stop::failed)?),
    };
    report(&policies);
    let tls = certificates(&arguments)?;
    let client = connect(arguments.kubeconfig.as_deref()).await.map_err(Stop::input)?;
    let store = Arc::new(Store::new(policies));
    let extender = arguments.role.contains(&Role::Extender);
    let mut load = LoadFile::new(arguments.load_file.clone());
    // Nothing is answered before it is known how busy nodes are.
    load.read_again(&store);
    let epoch = epoch();
    let leading = leading(&arguments, &client, &store, &epoch);
    let feed = Arc::new(Feed::start(&client, &store, if extender { Kinds::All } else { Kinds::Declared }));

    let mut servers: Vec<(&str, Server)> = Vec::new();
    let workers = usize::from(arguments.workers);
    let binder = Arc::new(Binder::new(Arc::clone(&store), Arc::new(KubeApi::new(client)), epoch));
    if extender {
        let answers = (Arc::clone(&store), Arc::clone(&binder));
        let view = (Arc::clone(&feed), Duration::from_secs(arguments.stale_after.into()));
        let server = http::extender_server(arguments.extender_listen, tls.extender, answers, view, workers);
        servers.push(("extender", server.map_err(Stop::input)?));
    }
    if let Some(config) = tls.admission {
        let server = http::admission_server(arguments.admission_listen, config, Arc::clone(&store), workers);
        servers.push(("admission", server.map_err(Stop::input)?));
    }
    let operations = operations(metrics.clone(), &store, &feed);
    let server = http::operations_server(arguments.metrics_listen, operations).map_err(Stop::input)?;
    servers.push(("metrics", server));

    let background = async {
        let policies = async {
            if let Some(files) = files {
                match files.follow(Arc::clone(&store)).await {}
            }
        };
        let load = OptionFuture::from(extender.then(|| load.follow(&store)));
        let upkeep = upkeep(&metrics);
        let certificates = futures::future::join_all(tls.serving.into_iter().map(follow_certificate));
        let field_problems = binder.resolve_unknown_outcomes();
        futures::join!(policies, load, certificates, upkeep, field_problems);
    };
    let (lease, controller) = leading.unzip();
    let leader = OptionFuture::from(controller.map(Controller::follow));
    let background = futures::future::join(Box::pin(background), Box::pin(leader)).map(drop);
    let stopped = until_stopped(servers, background).await;
    if let Some(lease) = &lease {
        lease.release().await;
    }
    stopped
}

#[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
async fn upkeep(metrics: &PrometheusHandle) -> Infallible {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// What keeps status and events in step, where this process has that role.
fn leading(arguments: &Arguments, client: &Client, store: &Arc<Store>, name: &str) -> Option<Leading> {
    if !arguments.role.contains(&Role::Controller) {
        return None;
    }
    let lease = Arc::new(Lease::new(client.clone(), &arguments.lease_namespace, name.to_owned()));
    let controller = Controller::new(client.clone(), Arc::clone(store), Arc::clone(&lease), name.to_owned());
    Some((lease, controller))
}

type Leading = (Arc<Lease>, Controller);

/// Serves until a signal comes or a server fails; then lets requests in flight finish.
async fn until_stopped(servers: Vec<(&str, Server)>, background: impl Future<Output = ()>) -> Result<(), Stop> {
    let mut handles = Servers::default();
    let mut running = Vec::new();
    for (name, server) in servers {
        tracing::info!(name, address = %server.address, "listening");
        handles.add(&server);
        running.push(server.run);
    }
    let running = futures::future::try_join_all(running);
    let stopped = async {
        let stop = async |kind: SignalKind| match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_cannot_listen) => std::future::pending().await,
        };
        tokio::select! {
            () = stop(SignalKind::terminate()) => {}
            () = stop(SignalKind::interrupt()) => {}
        }
        tracing::info!("stopping: requests in flight are finished");
        handles.stop().await;
    };
    tokio::select! {
        ended = running => ended.map(drop).map_err(|error| Stop::failed(format!("a server ended: {error}"))),
        () = stopped => Ok(()),
        () = background => Ok(()),
    }
}

/// The TLS sides of the servers, and the certificates behind them.
struct Tls {
    extender: Option<ServerConfig>,
    admission: Option<ServerConfig>,
    serving: Vec<Arc<ServingCertificate>>,
}

fn certificates(arguments: &Arguments) -> Result<Tls, Stop> {
    let mut serving = Vec::new();
    let mut load = |certificate: &Option<PathBuf>, key: &Option<PathBuf>| match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let pair = ServingCertificate::from_files(certificate.clone(), key.clone()).map_err(Stop::input)?;
            let config = pair.server_config().map_err(Stop::failed)?;
            serving.push(pair);
            Ok(Some(config))
        }
        _ => Ok(None),
    };
    let extender = load(&arguments.extender_tls_cert, &arguments.extender_tls_key)?;
    let admission = if arguments.role.contains(&Role::Admission) {
        let config = load(&arguments.tls_cert, &arguments.tls_key)?;
        Some(config.ok_or_else(|| Stop::input("--role admission needs --tls-cert and --tls-key"))?)
    } else {
        None
    };
    Ok(Tls { extender, admission, serving })
}

fn operations(metrics: PrometheusHandle, store: &Arc<Store>, feed: &Arc<Feed>) -> Operations {
    let refreshed = (Arc::clone(store), Arc::clone(feed));
    let ready = Arc::clone(feed);
    Operations {
        metrics,
        refresh: Arc::new(move || {
            let (store, feed) = &refreshed;
            telemetry::snapshot(feed.age(), store.view().snapshot.nodes().count());
            let committed = store.read(Cluster::assumed_len);
            telemetry::assumed_pods(committed, store.reservations().len());
            telemetry::load(store.read(Cluster::load_summary), clock());
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
    telemetry::policies_loaded(Some(policies.iter().count()));
    for policy in policies.iter() {
        tracing::info!(policy = &*policy.name, priority = policy.priority, dialect = %policy.dialect, "loaded");
    }
}

#[expect(clippy::disallowed_methods, reason = "the age of what was measured is told when it is asked for")]
fn clock() -> Timestamp {
    Timestamp::now()
}

/// A name for this process that no other has: when it started, and which process it is.
#[expect(clippy::disallowed_methods, reason = "only the start of a process names it")]
fn epoch() -> String {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", started.as_nanos(), std::process::id())
}
