//! Reserved pods: with the first bind of a gang or a bucket, the nodes of its other members are reserved for them
//! (`docs/design.md`, D21).
//!
//! A reserved pod counts on its node for every decision about another pod. The reservation ends when the watch shows the
//! pod on a node, when the pod is gone or no longer waits, when the plan is made anew, or when nobody has come for the
//! node in time.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

use super::fold::Cluster;
use super::reserved_pod::{ExpiredReservation, ReservedPod};
use crate::model::{JobId, NodeName, Pe, PodUid};

/// How many reservations that were given up are kept until they are reported.
const MAX_EXPIRED: usize = 1_024;

impl Cluster {
    /// The node that is reserved for a pod.
    #[must_use]
    pub fn reserved(&self, uid: &str) -> Option<&NodeName> {
        self.reserved_pods.get(uid).map(|reserved| &reserved.node)
    }

    /// How many reservations there are for pods that are neither bound nor assumed.
    #[must_use]
    pub fn reserved_len(&self) -> usize {
        self.reserved_pods.keys().filter(|uid| !self.assumed_pods.contains_key(*uid)).count()
    }

    /// The pods of the job for which a node is reserved.
    #[must_use]
    pub fn reserved_of(&self, job: &JobId) -> BTreeSet<PodUid> {
        let is_of_job = |uid: &&PodUid| self.pods.get(uid.as_str()).is_some_and(|entry| is_of(entry.pe.as_ref(), job));
        self.reserved_pods.keys().filter(is_of_job).cloned().collect()
    }

    /// Reserves nodes for the pods of a gang or bucket, one of which is being bound. Pods of the job that have a node reserved
    /// keep it from now on, or get another node.
    pub fn reserve(&mut self, job: &JobId, places: &[(PodUid, NodeName)]) {
        let is_of_job = |uid: &PodUid| self.pods.get(uid.as_str()).is_some_and(|entry| is_of(entry.pe.as_ref(), job));
        let renewed: Vec<PodUid> = self.reserved_pods.keys().filter(|uid| is_of_job(uid)).cloned().collect();
        for uid in &renewed {
            if let Some(reserved) = self.reserved_pods.get_mut(uid) {
                reserved.since = None;
            }
        }
        for (uid, node) in places {
            let Some(pod) = self.pods.get(uid.as_str()).map(|entry| Arc::clone(&entry.pod)) else { continue };
            if pod.node.is_some() {
                continue;
            }
            let before = self.reserved_pods.insert(uid.clone(), ReservedPod { node: node.clone(), since: None });
            // A pod that is assumed counts on its node already.
            if before.is_none_or(|before| before.node != *node) && !self.assumed_pods.contains_key(uid) {
                self.current.version += 1;
                self.replace(pod);
            }
        }
    }

    /// Gives up every reservation.
    pub fn release_all(&mut self) {
        let uids: Vec<PodUid> = self.reserved_pods.keys().cloned().collect();
        self.release_these(&uids);
    }

    /// The reservations that were given up because nobody came for the node in time, since the last call.
    pub fn take_expired_reservations(&mut self) -> Vec<ExpiredReservation> {
        self.expired_reservations.drain(..).collect()
    }

    /// Gives up the reservations that nobody has come for in the time that the policy of the pod sets. `elapsed` is the time
    /// since the start of the process, so that a step of the clock gives up no reservation and prolongs none.
    pub(super) fn expire_reservations(&mut self, elapsed: SignedDuration) {
        let mut expired: Vec<PodUid> = Vec::new();
        for (uid, reserved) in &mut self.reserved_pods {
            let since = *reserved.since.get_or_insert(elapsed);
            let policy = self.pods.get(uid.as_str()).and_then(|entry| entry.pe.as_ref()).map(|pe| &*pe.policy);
            let timeout = self.policies.reservation_timeout(policy.unwrap_or_default());
            if elapsed.saturating_sub(since) >= timeout {
                expired.push(uid.clone());
            }
        }
        for uid in &expired {
            let pe = self.pods.get(uid.as_str()).and_then(|entry| entry.pe.as_ref());
            if let (Some(pe), Some(reserved)) = (pe, self.reserved_pods.get(uid))
                && !self.assumed_pods.contains_key(uid)
            {
                let (pod, job, node) = (pe.pod.key.clone(), pe.job.clone(), reserved.node.clone());
                self.expired_reservations.push_back(ExpiredReservation { pod, job, node });
                if self.expired_reservations.len() > MAX_EXPIRED {
                    self.expired_reservations.pop_front();
                }
            }
        }
        self.release_these(&expired);
    }

    fn release_these(&mut self, uids: &[PodUid]) {
        for uid in uids {
            if self.reserved_pods.remove(uid).is_some()
                && let Some(entry) = self.pods.get(uid.as_str())
            {
                let pod = Arc::clone(&entry.pod);
                self.current.version += 1;
                self.note_released_nodes();
                self.replace(pod);
            }
        }
    }
}

fn is_of(pe: Option<&Arc<Pe>>, job: &JobId) -> bool {
    pe.is_some_and(|pe| pe.job == *job)
}

#[cfg(test)]
#[path = "tests/reserved_pods.rs"]
mod tests;
