//! The objects whose status the controllers write, as the watch shows them.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use crate::watch::{Shown, list_watch};

/// All objects of a kind; objects that cannot be read are left out.
pub(super) struct Objects<K: Resource<DynamicType = ()> + 'static>(Store<DeserializeGuard<K>>);

impl<K> Objects<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    <DeserializeGuard<K> as Resource>::DynamicType: Default + Clone + Eq + Hash,
{
    /// The objects, and the stream that keeps them up to date: each item is a change.
    pub(super) fn watch(client: Client) -> (Self, impl Stream<Item = ()> + Send) {
        let (store, mut writer) = reflector::store();
        let api = Api::<DeserializeGuard<K>>::all(client);
        let changes = list_watch(api).backoff(watcher::DefaultBackoff::default()).map(move |item| {
            let shown = item.unwrap_or_else(|error| {
                tracing::warn!(kind = %K::kind(&()), %error, "the watch of objects with a status failed; retrying");
                Shown::Ended
            });
            for event in reflected(shown) {
                writer.apply_watcher_event(&event);
            }
        });
        (Self(store), changes)
    }

    /// The objects at this moment, by namespace and name.
    pub(super) fn all(&self) -> Vec<Arc<K>> {
        let readable = self.0.state().into_iter().filter_map(|object| Some(Arc::new(object.0.as_ref().ok()?.clone())));
        let mut all: Vec<Arc<K>> = readable.collect();
        all.sort_by_cached_key(|object| (object.namespace(), object.name_any()));
        all
    }
}

/// The events by which a reflector follows.
fn reflected<K: Resource>(shown: Shown<K>) -> Vec<Event<K>> {
    let small = |mut object: K| {
        object.managed_fields_mut().clear();
        object
    };
    match shown {
        Shown::Page { objects, is_first } => {
            let begins = is_first.then_some(Event::Init);
            begins.into_iter().chain(objects.into_iter().map(|object| Event::InitApply(small(object)))).collect()
        }
        Shown::Listed(_) => vec![Event::InitDone],
        Shown::Applied(object) => vec![Event::Apply(small(object))],
        Shown::Deleted(object) => vec![Event::Delete(object)],
        Shown::Accepted | Shown::Bookmark(_) | Shown::Ended => Vec::new(),
    }
}
