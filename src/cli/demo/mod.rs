//! `outrigger demo`: the real servers, with API server and kube-scheduler played against them.

mod admission;
mod api_server;
mod checks;
mod client;
mod configuration;
mod in_tree;
mod injection;
mod manifests;
mod outcome;
mod progress;
mod report;
mod run;
mod scheduler;
mod servers;

use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::Value;

use self::api_server::ApiServer;
use self::client::Client;
use self::manifests::Cluster;
use self::outcome::DemoOutcome;
use self::progress::Progress;
use self::run::DemoCluster;
use self::servers::Listening;
use super::manifests::Text;
use super::terminal::Terminal;
use super::{Stop, print};
use crate::files::{self, PolicyFiles};
use crate::model::{Node, StreamJob};
use crate::state::Event;
use crate::store::Store;
use crate::telemetry::{self, LogFormat};

/// Place three stream jobs on forty nodes, without a cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  outrigger demo
  outrigger demo -o json | jq '.jobs[].pes[] | select(.node == null) | {pe, message}'
  kubectl get nodes,hostpools,pods -A -o yaml > cluster.yaml
  outrigger demo --cluster cluster.yaml --jobs my-pods.yaml

Nothing leaves this machine. The servers are the real ones and answer over TLS on loopback; API server and
kube-scheduler are played. Of kube-scheduler's own filters, readiness, cordon, taints, node selector, node affinity and
requests are played.

The document of -o json: jobs[] with pes[] (pe, pod, node, zone, wishes, cycles, asked, left, refused, refusedInTree,
scores, message, record), nodes[], checks[] (rule, of, broken), injection (before, after), denied, notOurs, requests,
metrics, servers, seconds. Fields are added, and not renamed while its version is 1.

Exit codes:
  0  all went as it should; one PE of the jobs that are shipped has no node, and the report says why
  1  something failed, or a rule is broken
  2  wrong input: a flag, a file, or a field in it
  3  with --jobs or --cluster: some PEs are not placed")]
pub(super) struct Arguments {
    /// Nodes, host pools and pods that exist already, in place of those that are shipped
    #[arg(long, value_name = "FILE")]
    cluster: Option<PathBuf>,
    /// Pods to create, in place of those that are shipped
    #[arg(long, value_name = "FILE")]
    jobs: Option<PathBuf>,
    /// Folder with StreamPolicy files; without it the policies that are shipped apply
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Pod whose patch and record are shown, with or without its namespace; without it those that show most
    #[arg(long, value_name = "NAME")]
    pod: Option<String>,
    /// How the outcome is printed
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Form,
    /// Columns of a line; without it those of the terminal, or 80
    #[arg(long, value_name = "COLUMNS", env = "COLUMNS", hide_env_values = true)]
    width: Option<u16>,
    /// Show what the servers log, in the syntax of `RUST_LOG`
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

/// How the outcome is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// One document for programs: jobs with PEs, nodes, reasons and records, checks, metrics.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    if let Some(filter) = &arguments.log {
        telemetry::install_logs(LogFormat::Text, filter);
    }
    let text =
        |path: &Option<PathBuf>, shipped: fn() -> Text| path.as_deref().map_or_else(|| Ok(shipped()), Text::from_file);
    let cluster = manifests::cluster(&text(&arguments.cluster, manifests::shipped_cluster)?)?;
    let jobs = manifests::jobs(&text(&arguments.jobs, manifests::shipped_jobs)?)?;
    let policies = match &arguments.policies {
        Some(folder) => PolicyFiles::load(folder).map(|(_, policies)| policies).map_err(Stop::input)?,
        None => files::embedded().map_err(Stop::failed)?,
    };
    let mut terminal = Terminal::for_stdout(arguments.width);
    // One provider for every TLS connection of this process; a second install would be a defect that nobody can mend.
    drop(crate::tls::provider().install_default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::failed(format!("the runtime does not start: {error}")))?;
    check_name(arguments.pod.as_deref(), &jobs)?;
    let account = runtime.block_on(perform(&cluster, &jobs, Store::new(policies), (arguments, terminal.columns())))?;

    match arguments.output {
        Form::Json => print(&format!("{}\n", serde_json::to_string_pretty(&account).map_err(Stop::failed)?))?,
        Form::Text => {
            report::write(&account, arguments.pod.as_deref(), &mut terminal);
            print(&terminal.into_text())?;
        }
    }
    let broken: Vec<&str> = account.checks.iter().flat_map(|check| &check.broken).map(String::as_str).collect();
    if !broken.is_empty() {
        return Err(Stop::failed(format!("a rule is broken: {}", broken.join("; "))));
    }
    let own = arguments.cluster.is_some() || arguments.jobs.is_some();
    if own && account.placed < account.pes { Err(Stop::NotAllPlaced) } else { Ok(()) }
}

/// Refuses the name of a pod that is not among those to be created.
fn check_name(asked: Option<&str>, jobs: &[Value]) -> Result<(), Stop> {
    let text = |pod: &Value, key: &str| {
        pod.get("metadata")
            .and_then(|metadata| metadata.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let is = |asked: &str, pod: &Value| {
        let (namespace, name) = (text(pod, "namespace"), text(pod, "name"));
        asked == name || asked == format!("{namespace}/{name}")
    };
    match asked {
        Some(asked) if !jobs.iter().any(|pod| is(asked, pod)) => {
            Err(Stop::input(format!("--pod {asked}: no pod of this name is created")))
        }
        _ => Ok(()),
    }
}

/// Starts the servers, plays, and stops them.
async fn perform(
    cluster: &Cluster,
    jobs: &[Value],
    store: Store,
    (arguments, columns): (&Arguments, usize),
) -> Result<DemoOutcome, Stop> {
    let store = Arc::new(store);
    let api = Arc::new(ApiServer::new(&cluster.pods, now()));
    list(cluster, &api, &store)?;
    let configuration = configuration::shipped()?;
    let listening = servers::start(&store, &api)?;
    let client = Client::trusting(&listening.authority)?;
    let handles = listening.handles();
    let Listening { servers, addresses, .. } = listening;
    let served = futures::future::try_join_all(servers.into_iter().map(|server| server.run));
    let progress = Progress::new(columns);
    let played = async {
        let stage = DemoCluster {
            client: &client,
            api: &api,
            store: &store,
            configuration: &configuration,
            addresses: &addresses,
            cluster,
            progress: &progress,
        };
        let account = stage.play(jobs, arguments.pod.as_deref()).await;
        // Open connections would hold the servers up.
        drop(client);
        handles.stop().await;
        account
    };
    let (served, played) = futures::future::join(served, played).await;
    let account = played?;
    served.map_err(|error| Stop::failed(format!("a server ended: {error}")))?;
    Ok(account)
}

/// The first lists of the watches.
fn list(cluster: &Cluster, api: &ApiServer, store: &Store) -> Result<(), Stop> {
    let nodes: Vec<Node> = cluster.nodes.iter().map(|(_, node)| node.clone()).collect();
    let pods = api.pods().iter().map(api_server::project).collect::<Result<_, _>>().map_err(Stop::input)?;
    let pools = cluster.pools.clone();
    let listed = [Event::listed(nodes), Event::listed(pods), Event::listed(pools)];
    store.apply(listed.into_iter().chain([Event::listed::<StreamJob>(Vec::new())]));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "pods are created when the demo runs")]
fn now() -> Timestamp {
    Timestamp::now()
}
