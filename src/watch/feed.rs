//! Watches of the API server, folded into the store.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use backon::ExponentialBuilder;
use futures::{Stream, StreamExt as _};
use hyper::Request;
use kube::client::Body;
use kube::core::DeserializeGuard;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, ExponentialBackoff, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use super::health::Health;
use super::optional;
use super::store::Store;
use crate::api::open_streams;
use crate::api::{HostPool, NodeObject, PodObject, StreamJob as StreamJobObject};
use crate::model::{Node, NodeName, Pod, PodUid, Pool, PoolId, StreamJob, StreamJobId};
use crate::state::Event;
use crate::telemetry;

/// At most this long without an attempt to watch again (D19): an old view refuses and misplaces.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Events that are ready are folded in together, and published once.
const BATCH: usize = 512;

/// Which kinds a role watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// Nodes, pods, pools and jobs: the extender.
    All,
    /// Pools and jobs: admission.
    Declared,
}

/// The watches of one process.
#[derive(Debug, Default)]
pub struct Feed {
    watches: Vec<Arc<Health>>,
}

impl Feed {
    /// Starts the watches. They run until the runtime ends, and never give up.
    #[must_use]
    pub fn start(client: &Client, store: &Arc<Store>, kinds: Kinds) -> Self {
        let mut watches = vec![
            start::<HostPool>(client, store),
            start::<StreamJobObject>(client, store),
            optional::start::<open_streams::ProcessingElement>(client, store),
            optional::start::<open_streams::HostPool>(client, store),
            optional::start::<open_streams::Job>(client, store),
        ];
        if kinds == Kinds::All {
            watches.push(start::<NodeObject>(client, store));
            watches.push(start::<PodObject>(client, store));
        }
        Self { watches }
    }

    /// The kinds that have not been listed yet, each with why not, as far as that is known; readiness waits for them.
    pub fn unlisted(&self) -> impl Iterator<Item = (&'static str, Option<String>)> {
        self.watches.iter().filter(|watch| !watch.is_listed()).map(|watch| (watch.kind(), watch.problem()))
    }

    /// How old the view may be: how long the longest failing watch has been failing; zero when all are healthy.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.oldest().map_or(Duration::ZERO, |(_, age)| age)
    }

    /// The kind that has not been seen for the longest time, where that is longer than the view may be old.
    #[must_use]
    pub fn stale(&self, limit: Duration) -> Option<&'static str> {
        self.oldest().filter(|(_, age)| *age > limit).map(|(kind, _)| kind)
    }

    fn oldest(&self) -> Option<(&'static str, Duration)> {
        self.watches.iter().filter_map(|watch| Some((watch.kind(), watch.failing_for()?))).max_by_key(|(_, age)| *age)
    }
}

/// A kind of object that is watched: how it becomes an event.
pub(super) trait Watched:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
    const KIND: &'static str;
    /// True where a cluster may have no such kind.
    const IS_OPTIONAL: bool = false;
    type Projected: Send;

    fn project(&self) -> Result<Self::Projected, Box<dyn std::error::Error>>;
    /// A part that cannot be read, and is left out while the rest counts: its kind, and what is wrong.
    fn left_out(&self) -> Option<(&'static str, Box<dyn std::error::Error>)> {
        None
    }
    fn put(projected: Self::Projected) -> Event;
    fn listed(all: Vec<Self::Projected>) -> Event;
    /// The event of an object that is gone, from its metadata alone.
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event>;
    /// An object, and what of it was not understood, though the rest counts.
    fn doubts(_projected: &Self::Projected) -> Option<(String, String)> {
        None
    }
}

impl Watched for NodeObject {
    const KIND: &'static str = "Node";
    type Projected = Node;

    fn project(&self) -> Result<Node, Box<dyn std::error::Error>> {
        Ok(Node::try_from(self)?)
    }
    fn left_out(&self) -> Option<(&'static str, Box<dyn std::error::Error>)> {
        self.load().err().map(|error| ("NodeLoad", error.into()))
    }
    fn put(projected: Node) -> Event {
        Event::Node(projected)
    }
    fn listed(all: Vec<Node>) -> Event {
        Event::NodesListed(all)
    }
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event> {
        Some(Event::NodeGone(NodeName::from(metadata.name.as_deref()?)))
    }
}

impl Watched for PodObject {
    const KIND: &'static str = "Pod";
    type Projected = Pod;

    fn project(&self) -> Result<Pod, Box<dyn std::error::Error>> {
        Ok(Pod::try_from(self)?)
    }
    fn put(projected: Pod) -> Event {
        Event::Pod(Box::new(projected))
    }
    fn listed(all: Vec<Pod>) -> Event {
        Event::PodsListed(all)
    }
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event> {
        Some(Event::PodGone(PodUid::from(metadata.uid.as_deref()?)))
    }
}

impl Watched for HostPool {
    const KIND: &'static str = "HostPool";
    type Projected = Pool;

    fn project(&self) -> Result<Pool, Box<dyn std::error::Error>> {
        Ok(Pool::try_from(self)?)
    }
    fn put(projected: Pool) -> Event {
        Event::Pool(projected)
    }
    fn listed(all: Vec<Pool>) -> Event {
        Event::PoolsListed(all)
    }
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event> {
        let namespace = metadata.namespace.as_deref()?.into();
        Some(Event::PoolGone(PoolId { namespace, name: metadata.name.as_deref()?.into() }))
    }
}

impl Watched for StreamJobObject {
    const KIND: &'static str = "StreamJob";
    type Projected = StreamJob;

    fn project(&self) -> Result<StreamJob, Box<dyn std::error::Error>> {
        Ok(StreamJob::try_from(self)?)
    }
    fn put(projected: StreamJob) -> Event {
        Event::StreamJob(Box::new(projected))
    }
    fn listed(all: Vec<StreamJob>) -> Event {
        Event::StreamJobsListed(all)
    }
    fn gone(metadata: &kube::api::ObjectMeta) -> Option<Event> {
        let namespace = metadata.namespace.as_deref()?.into();
        Some(Event::StreamJobGone(StreamJobId { namespace, name: metadata.name.as_deref()?.into() }))
    }
}

#[expect(clippy::disallowed_methods, reason = "the watches run as long as the runtime that they are started on")]
fn start<K: Watched>(client: &Client, store: &Arc<Store>) -> Arc<Health> {
    let health = Arc::new(Health::new(K::KIND));
    tokio::spawn(watch::<K>(client.clone(), Arc::clone(store), Arc::clone(&health)));
    health
}

/// Follows all objects of a kind, until the API server knows no such kind.
pub(super) async fn watch<K: Watched>(client: Client, store: Arc<Store>, health: Arc<Health>) {
    // Guarded: one object that cannot be read must not blind us to all others of its kind.
    let api = Api::<DeserializeGuard<K>>::all(reporting(client, Arc::clone(&health)));
    let pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times();
    let events = watcher(api, watcher::Config::default()).backoff(ExponentialBackoff::from(pauses));
    follow(events, store, health).await;
}

/// The same client; a watch that the server has taken up is told to the health. A watch that goes on after a failure
/// gives no event before something changes, and nothing may change for days.
fn reporting(client: Client, health: Arc<Health>) -> Client {
    let namespace = client.default_namespace().to_owned();
    let send = move |request: Request<Body>| {
        let (client, health) = (client.clone(), Arc::clone(&health));
        let is_watch = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
        async move {
            let response = client.send(request).await?;
            if is_watch && response.status().is_success() {
                health.answered();
            }
            Ok::<_, kube::Error>(response)
        }
    };
    Client::new(tower::service_fn(send), namespace)
}

type WatchEvent<K> = Result<watcher::Event<DeserializeGuard<K>>, watcher::Error>;

async fn follow<K: Watched>(events: impl Stream<Item = WatchEvent<K>>, store: Arc<Store>, health: Arc<Health>) {
    let mut batches = std::pin::pin!(events.ready_chunks(BATCH));
    let mut listing: Vec<K::Projected> = Vec::new();
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    while let Some(batch) = batches.next().await {
        let mut folded = Vec::with_capacity(batch.len());
        let mut complete = false;
        for event in batch {
            match event {
                Err(error) if K::IS_OPTIONAL && optional::is_unknown_kind(&error) => return,
                Err(error) => {
                    health.failed(&error);
                    tracing::warn!(kind = K::KIND, %error, "the watch failed and is tried again");
                }
                Ok(event) => {
                    health.answered();
                    complete |= matches!(event, watcher::Event::InitDone);
                    folded.extend(fold::<K>(event, &mut listing, &health, &mut told));
                }
            }
        }
        store.apply(folded);
        if complete {
            health.list_is_complete();
            tracing::info!(kind = K::KIND, "listed");
        }
    }
}

/// The event of the state that a watch event is, if any; objects of a list are gathered until it is complete.
fn fold<K: Watched>(
    event: watcher::Event<DeserializeGuard<K>>,
    listing: &mut Vec<K::Projected>,
    health: &Health,
    told: &mut BTreeMap<String, String>,
) -> Option<Event> {
    let mut project = |guarded: &DeserializeGuard<K>| match &guarded.0 {
        Ok(object) => {
            if let Some((kind, error)) = object.left_out() {
                telemetry::undecodable(kind);
                tracing::warn!(kind, name = object.meta().name, %error, "a part of an object cannot be read and is left out");
            }
            let projected = object.project().map_err(|error| health.cannot_read(&error)).ok()?;
            tell::<K>(&projected, told);
            Some(projected)
        }
        Err(error) => {
            health.cannot_read(error);
            None
        }
    };
    match event {
        watcher::Event::Init => {
            listing.clear();
            None
        }
        watcher::Event::InitApply(object) => {
            listing.extend(project(&object));
            None
        }
        watcher::Event::InitDone => Some(K::listed(std::mem::take(listing))),
        watcher::Event::Apply(object) => project(&object).map(K::put),
        watcher::Event::Delete(object) => K::gone(object.meta()),
    }
}

/// Tells what was not understood of an object: once, as long as it stays the same.
fn tell<K: Watched>(projected: &K::Projected, told: &mut BTreeMap<String, String>) {
    let Some((object, doubts)) = K::doubts(projected) else { return };
    if doubts.is_empty() {
        told.remove(&object);
    } else if told.get(&object) != Some(&doubts) {
        tracing::warn!(kind = K::KIND, object, doubts, "not all of an object is understood; the rest counts");
        told.insert(object, doubts);
    }
}
