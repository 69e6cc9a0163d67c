//! One watch: its events are applied to the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backon::ExponentialBuilder;
use futures::{Stream, StreamExt as _};
use hyper::Request;
use kube::client::Body;
use kube::core::DeserializeGuard;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, ExponentialBackoff, watcher};
use kube::{Api, Client, Resource as _};

use super::health::Health;
use super::watched::Watched;
use crate::state::Event;
use crate::store::Store;
use crate::telemetry;

/// The longest pause before a failed watch is retried (`docs/design.md`, D19): with an old view, PEs are rejected or
/// misplaced.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The largest number of events that are applied together and published once.
const BATCH: usize = 512;

/// Watches all objects of a kind, until the API server no longer serves the kind.
pub(super) async fn watch<K: Watched>(client: Client, store: Arc<Store>, health: Arc<Health>) {
    // Guarded: an object that cannot be read must not end the watch of the others.
    let api = Api::<DeserializeGuard<K>>::all(reporting(client, Arc::clone(&health)));
    let pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times();
    let events = watcher(api, watcher::Config::default()).backoff(ExponentialBackoff::from(pauses));
    follow(events, store, health).await;
}

/// The same client, which reports to the health that the server has accepted a watch. A watch that continues after a
/// failure delivers no event before an object changes, which may take days.
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
    let mut reported: BTreeMap<String, String> = BTreeMap::new();
    while let Some(batch) = batches.next().await {
        let mut folded = Vec::with_capacity(batch.len());
        let mut complete = false;
        for event in batch {
            match event {
                Err(error) if K::IS_OPTIONAL && is_unknown_kind(&error) => return,
                Err(error) => {
                    health.failed(&error);
                    tracing::warn!(kind = K::KIND, %error, "the watch failed; retrying");
                }
                Ok(event) => {
                    // `Init` comes before the API server is asked for the list.
                    if !matches!(event, watcher::Event::Init) {
                        health.answered();
                    }
                    complete |= matches!(event, watcher::Event::InitDone);
                    if let watcher::Event::Delete(object) = &event {
                        folded.extend(K::orphans(object.meta()));
                    }
                    folded.extend(fold::<K>(event, &mut listing, &health, &mut reported));
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

/// The event for the state. The objects of a list are collected until the list is complete.
fn fold<K: Watched>(
    event: watcher::Event<DeserializeGuard<K>>,
    listing: &mut Vec<K::Projected>,
    health: &Health,
    reported: &mut BTreeMap<String, String>,
) -> Option<Event> {
    let mut project = |guarded: &DeserializeGuard<K>| match &guarded.0 {
        Ok(object) => {
            if let Some((kind, error)) = object.left_out() {
                telemetry::undecodable(kind);
                tracing::warn!(kind, name = object.meta().name, %error, "a part of an object cannot be read and is ignored");
            }
            let projected = object.project().map_err(|error| health.cannot_read(&error)).ok()?;
            report_field_problems::<K>(&projected, reported);
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
        watcher::Event::InitDone => Some(Event::listed(std::mem::take(listing))),
        watcher::Event::Apply(object) => project(&object).map(Event::put),
        watcher::Event::Delete(object) => K::key(object.meta()).map(Event::gone::<K::Projected>),
    }
}

/// Logs the fields of an object that cannot be read: once, until they change.
fn report_field_problems<K: Watched>(projected: &K::Projected, reported: &mut BTreeMap<String, String>) {
    let Some((object, field_problems)) = K::field_problems(projected) else { return };
    if field_problems.is_empty() {
        reported.remove(&object);
    } else if reported.get(&object) != Some(&field_problems) {
        tracing::warn!(kind = K::KIND, object, field_problems, "fields of an object cannot be read; the others count");
        reported.insert(object, field_problems);
    }
}

/// True where a watch fails because the API server does not serve the kind.
fn is_unknown_kind(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status)) => status.code == 404,
        watcher::Error::InitialListFailed(_)
        | watcher::Error::WatchStartFailed(_)
        | watcher::Error::WatchError(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => false,
    }
}

#[cfg(test)]
#[path = "tests/follow.rs"]
mod tests;
