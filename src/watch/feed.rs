//! The watches of one process.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{LimitRange, ResourceQuota};
use kube::Client;

use super::follow::watch;
use super::health::Health;
use super::optional;
use super::owners;
use super::watched::Watched;
use crate::api::open_streams;
use crate::api::{HostPool, NodeObject, PersistentVolumeClaimObject, PersistentVolumeObject, PodObject, StreamJob};
use crate::store::Store;

/// The kinds that a process watches beside pools and jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds {
    /// Nodes, pods, their owners and volumes: for the extender.
    pub(crate) of_placement: bool,
    /// Limit ranges and quotas: for admission.
    pub(crate) of_admission: bool,
    /// Nodes and pods, where no placement needs them: for the demand by which admission sizes PEs.
    pub(crate) of_demand: bool,
}

/// The watches of one process.
#[derive(Debug, Default)]
pub struct Feed {
    watches: Vec<Arc<Health>>,
}

impl Feed {
    /// Starts the watches. Each is retried until the runtime ends.
    #[must_use]
    pub(crate) fn start(client: &Client, store: &Arc<Store>, kinds: Kinds) -> Self {
        let mut watches = vec![
            start::<HostPool>(client, store),
            start::<StreamJob>(client, store),
            optional::start::<open_streams::ProcessingElement>(client, store),
            optional::start::<open_streams::HostPool>(client, store),
            optional::start::<open_streams::Job>(client, store),
        ];
        if kinds.of_admission {
            // No placement depends on these kinds, so that the snapshot is complete without them.
            watches.push(optional::start_for_reports::<LimitRange>(client, store));
            watches.push(optional::start_for_reports::<ResourceQuota>(client, store));
        }
        if kinds.of_placement {
            watches.push(start::<NodeObject>(client, store));
            watches.push(start::<PodObject>(client, store));
            watches.push(optional::start::<PersistentVolumeObject>(client, store));
            watches.push(optional::start::<PersistentVolumeClaimObject>(client, store));
            owners::start(client, store);
            // Nothing waits for its list, so that its health does not count.
            drop(optional::start_for_reports::<open_streams::ParallelRegion>(client, store));
        } else if kinds.of_demand {
            // No review waits for their lists, so that their health does not count.
            drop(start::<NodeObject>(client, store));
            drop(start::<PodObject>(client, store));
        }
        Self { watches }
    }

    /// The kinds that have not been listed yet, each with its last error. Readiness waits for these kinds.
    pub(crate) fn unlisted(&self) -> impl Iterator<Item = (&'static str, Option<String>)> {
        self.watches.iter().filter(|watch| !watch.is_listed()).map(|watch| (watch.kind(), watch.problem()))
    }

    /// The greatest age that the view may have: the time since which the longest failing watch fails; zero when all
    /// watches are healthy.
    #[must_use]
    pub(crate) fn age(&self) -> Duration {
        self.oldest().map_or(Duration::ZERO, |(_, age)| age)
    }

    /// The kind whose watch has been failing for the longest time, where that time exceeds `limit`.
    #[must_use]
    pub(crate) fn stale(&self, limit: Duration) -> Option<&'static str> {
        self.oldest().filter(|(_, age)| *age > limit).map(|(kind, _)| kind)
    }

    fn oldest(&self) -> Option<(&'static str, Duration)> {
        self.watches.iter().filter_map(|watch| Some((watch.kind(), watch.failing_for()?))).max_by_key(|(_, age)| *age)
    }
}

/// Starts the watches of pods and nodes for a process that places no PEs and sizes PEs by demand. No answer waits for them: what
/// they have not shown is not known.
pub(crate) fn watch_for_sizing(client: &Client, store: &Arc<Store>) {
    drop(start::<NodeObject>(client, store));
    drop(start::<PodObject>(client, store));
}

#[expect(clippy::disallowed_methods, reason = "the watches run as long as the runtime that they are started on")]
fn start<K: Watched>(client: &Client, store: &Arc<Store>) -> Arc<Health> {
    let health = Arc::new(Health::new(K::KIND));
    tokio::spawn(watch::<K>(client.clone(), Arc::clone(store), Arc::clone(&health)));
    health
}
