//! One watch: its events are applied to the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backon::ExponentialBuilder;
use futures::{Stream, StreamExt as _};
use kube::api::ObjectMeta;
use kube::core::DeserializeGuard;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::ExponentialBackoff;
use kube::{Api, Client, Resource as _, ResourceExt as _};

use super::forbidden::go_without;
use super::health::Health;
use super::list_watch::{Shown, WatchError, list_watch};
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
    let api = Api::<DeserializeGuard<K>>::all(client);
    let pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times();
    follow(list_watch(api).backoff(ExponentialBackoff::from(pauses)), store, health).await;
}

type Item<K> = Result<Shown<DeserializeGuard<K>>, WatchError>;

async fn follow<K: Watched>(items: impl Stream<Item = Item<K>>, store: Arc<Store>, health: Arc<Health>) {
    let mut batches = std::pin::pin!(items.ready_chunks(BATCH));
    let mut reader = Reader::<K>::new(&health);
    while let Some(batch) = batches.next().await {
        let mut events = Vec::with_capacity(batch.len());
        let mut version = None;
        let mut is_listed = false;
        for item in batch {
            match item {
                Err(error) if K::IS_OPTIONAL && error.is_unknown_kind() => return,
                Err(error) if K::IS_OPTIONAL && error.is_forbidden() => go_without::<K>(&store, &health, &error),
                Err(error) => {
                    if matches!(error, WatchError::Silent) {
                        health.was_silent(&error);
                    } else {
                        health.failed(&error);
                    }
                    tracing::warn!(kind = K::KIND, %error, "the watch failed; retrying");
                }
                Ok(shown) => {
                    health.answered();
                    is_listed |= matches!(shown, Shown::Listed(_));
                    version = version_of(&shown).or(version);
                    events.extend(reader.read(shown));
                }
            }
        }
        // After the objects themselves: PEs that wait for an object are read with it.
        events.extend(version.and_then(|version| K::shown(&version)));
        store.apply(events);
        if is_listed && !health.is_listed() {
            health.list_is_complete();
            tracing::info!(kind = K::KIND, "listed");
        }
    }
}

/// The resource version up to which every change has been shown with this item.
fn version_of<K: Watched>(shown: &Shown<DeserializeGuard<K>>) -> Option<String> {
    match shown {
        Shown::Listed(version) | Shown::Bookmark(version) => Some(version.clone()),
        Shown::Applied(object) | Shown::Deleted(object) => object.resource_version(),
        Shown::Page { .. } | Shown::Accepted | Shown::Ended => None,
    }
}

/// Reads objects of one kind into events.
struct Reader<'a, K: Watched> {
    health: &'a Health,
    /// The objects of the list that is being read.
    listing: Vec<K::Projected>,
    /// The field problems that were logged last, by object. Objects that are gone are forgotten.
    reported: BTreeMap<String, String>,
    /// Those of before the list that is being read.
    reported_before: BTreeMap<String, String>,
    /// The objects whose latest version cannot be read, by name.
    unreadable: BTreeMap<String, ObjectMeta>,
    /// Those of before the list that is being read.
    unreadable_before: BTreeMap<String, ObjectMeta>,
}

impl<'a, K: Watched> Reader<'a, K> {
    fn new(health: &'a Health) -> Self {
        Self {
            health,
            listing: Vec::new(),
            reported: BTreeMap::new(),
            reported_before: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            unreadable_before: BTreeMap::new(),
        }
    }

    /// The events for the state. The objects of a list are collected until the list is complete.
    fn read(&mut self, shown: Shown<DeserializeGuard<K>>) -> Vec<Event> {
        match shown {
            Shown::Page { objects, is_first } => {
                if is_first {
                    self.listing.clear();
                    self.reported_before.append(&mut self.reported);
                    self.unreadable_before.append(&mut self.unreadable);
                }
                let mut events = Vec::new();
                for object in &objects {
                    let projected = self.project(object, &mut events);
                    self.listing.extend(projected);
                }
                events
            }
            Shown::Listed(_) => {
                self.reported_before.clear();
                let gone = std::mem::take(&mut self.unreadable_before).into_values();
                let readable = gone.filter_map(|metadata| K::unreadable(&metadata, None));
                readable.chain([Event::listed(std::mem::take(&mut self.listing))]).collect()
            }
            Shown::Applied(object) => {
                let mut events = Vec::new();
                let projected = self.project(&object, &mut events);
                events.extend(projected.map(Event::put));
                events
            }
            Shown::Deleted(object) => {
                let name = object_name(object.meta());
                self.reported.remove(&name);
                let readable = self.unreadable.remove(&name).and_then(|metadata| K::unreadable(&metadata, None));
                let gone = K::key(object.meta()).map(Event::gone::<K::Projected>);
                K::orphans(object.meta()).into_iter().chain(readable).chain(gone).collect()
            }
            Shown::Accepted | Shown::Bookmark(_) | Shown::Ended => Vec::new(),
        }
    }

    /// What the state holds of an object. Whether the object can be read is an event where that changes.
    fn project(&mut self, guarded: &DeserializeGuard<K>, events: &mut Vec<Event>) -> Option<K::Projected> {
        let name = object_name(guarded.meta());
        let before = self.unreadable.remove(&name).or_else(|| self.unreadable_before.remove(&name));
        let projected = match &guarded.0 {
            Ok(object) => object.project().map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let projected = match projected {
            Ok(projected) => projected,
            Err(problem) => {
                self.health.cannot_read(&name, &problem);
                events.extend(K::unreadable(guarded.meta(), Some(&problem)));
                self.unreadable.insert(name, small(guarded.meta()));
                return None;
            }
        };
        events.extend(before.and_then(|metadata| K::unreadable(&metadata, None)));
        if let Some((kind, error)) = guarded.0.as_ref().ok().and_then(Watched::left_out) {
            telemetry::undecodable(kind);
            tracing::warn!(kind, name, %error, "a part of an object cannot be read and is ignored");
        }
        self.report_field_problems(&projected);
        Some(projected)
    }

    /// Logs the fields of an object that cannot be read: once, until they change.
    fn report_field_problems(&mut self, projected: &K::Projected) {
        let Some((object, field_problems)) = K::field_problems(projected) else { return };
        let before = self.reported.remove(&object).or_else(|| self.reported_before.remove(&object));
        if field_problems.is_empty() {
            return;
        }
        if before.as_ref() != Some(&field_problems) {
            tracing::warn!(
                kind = K::KIND,
                object,
                field_problems,
                "fields of an object cannot be read; the others count"
            );
        }
        self.reported.insert(object, field_problems);
    }
}

/// The identity of an object, without all else of its metadata.
fn small(metadata: &ObjectMeta) -> ObjectMeta {
    ObjectMeta { name: metadata.name.clone(), namespace: metadata.namespace.clone(), ..ObjectMeta::default() }
}

/// Namespace and name, as messages name the object.
fn object_name(metadata: &ObjectMeta) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    format!("{}/{}", text(&metadata.namespace), text(&metadata.name))
}

#[cfg(test)]
#[path = "tests/follow.rs"]
mod tests;
