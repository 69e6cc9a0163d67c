//! The statuses that this process wrote, until the watch shows them.

use std::collections::BTreeMap;

use kube::Resource;

/// The status last written of each object, by the object's UID.
#[derive(Debug)]
pub(super) struct WrittenStatuses<S>(BTreeMap<String, WrittenStatus<S>>);

#[derive(Debug)]
struct WrittenStatus<S> {
    /// The version of the object that the status was written over. The watch is behind while it shows this version.
    over: Option<String>,
    status: S,
}

impl<S> Default for WrittenStatuses<S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<S> WrittenStatuses<S> {
    /// The latest status that is known of an object: the one written, until the watch shows another version.
    pub(super) fn latest<'a, K: Resource>(&'a self, object: &K, shown: Option<&'a S>) -> Option<&'a S> {
        let written = object.meta().uid.as_ref().and_then(|uid| self.0.get(uid));
        let pending = written.filter(|written| written.over == object.meta().resource_version);
        pending.map(|written| &written.status).or(shown)
    }

    /// Notes a status that the API server took.
    pub(super) fn insert<K: Resource>(&mut self, object: &K, status: S) {
        if let Some(uid) = object.meta().uid.clone() {
            self.0.insert(uid, WrittenStatus { over: object.meta().resource_version.clone(), status });
        }
    }

    /// Forgets the objects that are gone.
    pub(super) fn retain<K: Resource>(&mut self, objects: &[impl AsRef<K>]) {
        self.0.retain(|uid, _| objects.iter().any(|object| object.as_ref().meta().uid.as_ref() == Some(uid)));
    }
}

#[cfg(test)]
#[path = "tests/written_statuses.rs"]
mod tests;
