//! The pods that depend on objects of one kind.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ObjectId, PodUid};

/// The pods that depend on objects of one kind.
#[derive(Debug, Default)]
pub(super) struct PodsByObject(BTreeMap<ObjectId, BTreeSet<PodUid>>);

impl PodsByObject {
    /// The pods that depend on one of these objects.
    pub(super) fn of(&self, objects: &BTreeSet<ObjectId>) -> BTreeSet<PodUid> {
        objects.iter().filter_map(|id| self.0.get(id)).flatten().cloned().collect()
    }

    /// Notes that a pod depends on an object.
    pub(super) fn insert(&mut self, object: ObjectId, pod: &PodUid) {
        self.0.entry(object).or_default().insert(pod.clone());
    }

    /// Takes a pod out.
    pub(super) fn remove(&mut self, object: &ObjectId, pod: &PodUid) {
        if let Some(pods) = self.0.get_mut(object) {
            pods.remove(pod);
            if pods.is_empty() {
                self.0.remove(object);
            }
        }
    }
}

#[cfg(test)]
impl PodsByObject {
    pub(super) fn entries(&self) -> &BTreeMap<ObjectId, BTreeSet<PodUid>> {
        &self.0
    }
}
