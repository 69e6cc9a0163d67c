//! One run of the demo: the servers are started, the jobs are placed, the servers are stopped.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::api_server::{self, ApiServer};
use super::client::Client;
use super::configuration;
use super::manifests::Cluster;
use super::outcome::DemoOutcome;
use super::progress::Progress;
use super::run::DemoCluster;
use super::servers::{self, Listening};
use crate::cli::CommandError;
use crate::model::{Node, StreamJob};
use crate::state::Event;
use crate::store::Store;

/// The input of one run.
pub(super) struct Session<'a> {
    pub(super) cluster: &'a Cluster,
    /// The pods to create.
    pub(super) jobs: &'a [Value],
    /// The pod whose patch and record are shown.
    pub(super) shown: Option<&'a str>,
}

impl Session<'_> {
    /// Starts the servers, places the jobs, and stops the servers; `columns` is the width of the progress line.
    pub(super) async fn run(&self, store: Store, columns: usize) -> Result<DemoOutcome, CommandError> {
        let store = Arc::new(store);
        let api = Arc::new(ApiServer::new(&self.cluster.pods, now()));
        list(self.cluster, &api, &store)?;
        let configuration = configuration::shipped_configuration()?;
        let Listening { mut servers, authority, addresses } = servers::start(&store, &api)?;
        let client = Client::trusting(&authority)?;
        let progress = Progress::new(columns);
        let demo = DemoCluster {
            client: &client,
            api: &api,
            store: &store,
            configuration: &configuration,
            addresses: &addresses,
            cluster: self.cluster,
            progress: &progress,
        };
        let outcome = tokio::select! {
            outcome = demo.run(self.jobs, self.shown) => outcome,
            problem = servers.ended_early() => Err(CommandError::failed(problem)),
        };
        // The servers wait for connections that are open.
        drop(client);
        let ended = servers.end().await.map_err(CommandError::failed);
        outcome.and_then(|outcome| ended.map(|()| outcome))
    }
}

/// The first lists of the watches.
fn list(cluster: &Cluster, api: &ApiServer, store: &Store) -> Result<(), CommandError> {
    let nodes: Vec<Node> = cluster.nodes.iter().map(|(_, node)| node.clone()).collect();
    let pods = api.pods().iter().map(api_server::project).collect::<Result<_, _>>().map_err(CommandError::input)?;
    let pools = cluster.pools.clone();
    let listed = [Event::listed(nodes), Event::listed(pods), Event::listed(pools)];
    store.apply(listed.into_iter().chain([Event::listed::<StreamJob>(Vec::new())]));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "pods are created when the demo runs")]
fn now() -> Timestamp {
    Timestamp::now()
}
