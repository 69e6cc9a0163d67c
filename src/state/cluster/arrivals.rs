//! Pending pods that were seen for the first time just now: more pods of their jobs may follow.

use std::sync::Arc;

use jiff::SignedDuration;

use super::fold::Cluster;
use crate::model::{Pod, PodUid};
use crate::state::takeover::is_pending;

impl Cluster {
    /// Notes a version of a pod. A pending PE that was not known arrives; a pod that is not pending has arrived.
    pub(super) fn note_arrival(&mut self, pod: &Pod) {
        let uid = &pod.key.uid;
        if !is_pending(pod) {
            self.forget_arrival(uid);
            return;
        }
        let is_new = !self.pods.contains(uid.as_str());
        let is_pe = || self.policies.governing(pod.key.namespace.as_str(), &pod.labels).is_some();
        if let Some(arriving) = self.current.arriving.as_mut().filter(|_| is_new && is_pe()) {
            self.arrivals.insert(uid.clone(), None);
            Arc::make_mut(arriving).insert(uid.clone());
        }
    }

    /// Forgets a pod that has arrived, or is gone.
    pub(super) fn forget_arrival(&mut self, uid: &PodUid) {
        if self.arrivals.remove(uid).is_some()
            && let Some(arriving) = &mut self.current.arriving
        {
            Arc::make_mut(arriving).remove(uid);
        }
    }

    /// Settles the PEs that have been seen for the quiet time. That is a change for the PEs that waited for it.
    pub(super) fn settle(&mut self, elapsed: SignedDuration, quiet: SignedDuration) {
        let before = self.arrivals.len();
        self.arrivals.retain(|_, seen| elapsed.saturating_sub(*seen.get_or_insert(elapsed)) < quiet);
        if self.arrivals.len() != before || self.current.arriving.is_none() {
            self.current.arriving = Some(Arc::new(self.arrivals.keys().cloned().collect()));
            self.current.version += 1;
        }
    }
}

#[cfg(test)]
#[path = "tests/arrivals.rs"]
mod tests;
