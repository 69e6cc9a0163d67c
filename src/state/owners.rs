//! Owners that are gone: of two objects of one kind, namespace and name only one can exist.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Owner, Pod};

/// Owners that are known to be gone, though their pods are not leaving yet: the garbage collector takes its time.
#[derive(Debug, Default)]
pub(super) struct GoneOwners {
    /// Their UIDs, the last found at the end.
    uids: VecDeque<Arc<str>>,
}

/// How many are remembered: for the moment until their pods are gone as well.
const KEPT: usize = 256;

/// When the first and the last known pod of an owner were created.
type Span = (Timestamp, Timestamp);

impl GoneOwners {
    /// True when the pod has an owner that is gone.
    pub(super) fn has_owner_of(&self, pod: &Pod) -> bool {
        !self.uids.is_empty() && pod.owner.as_ref().is_some_and(|owner| self.uids.contains(&owner.uid))
    }

    /// Looks at a pod that has come, among the pods of its job, itself included; the owners that it shows to be gone.
    ///
    /// An owner is gone when all of its pods are older than all pods of a namesake. Times of creation are whole seconds:
    /// of two pods of one second nobody knows which was first.
    pub(super) fn observe(&mut self, pod: &Pod, pods: &[Arc<Pod>]) -> Vec<Arc<str>> {
        let Some(owner) = &pod.owner else { return Vec::new() };
        let is_namesake = |other: &Owner| other.kind == owner.kind && other.name == owner.name;
        let mut spans: BTreeMap<&Arc<str>, Span> = BTreeMap::new();
        for pod in pods {
            if let Some(other) = pod.owner.as_ref().filter(|other| is_namesake(other)) {
                let (first, last) = spans.entry(&other.uid).or_insert((pod.created, pod.created));
                (*first, *last) = ((*first).min(pod.created), (*last).max(pod.created));
            }
        }
        let is_before = |(_, last): &Span, (first, _): &Span| last < first;
        let gone = spans.iter().filter(|(_, span)| spans.values().any(|other| is_before(span, other)));
        let gone: Vec<Arc<str>> = gone.map(|(uid, _)| Arc::clone(uid)).collect();
        self.uids.extend(gone.iter().cloned());
        self.uids.drain(..self.uids.len().saturating_sub(KEPT));
        gone
    }
}

#[cfg(test)]
#[path = "tests/owners.rs"]
mod tests;
