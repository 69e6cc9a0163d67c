//! Assumed pods: pods with a Binding that the watch does not show yet. And takeovers from other processes.

use std::sync::Arc;

use super::assumed_pod::AssumedPod;
use super::fold::Cluster;
use crate::model::{NodeName, Pe, PodKey, PodUid};
use crate::state::takeover::is_pending;

/// The cluster has no pod with this UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pod is not known, or is gone")]
pub struct UnknownPod;

impl Cluster {
    /// The number of assumed pods.
    #[must_use]
    pub fn assumed_len(&self) -> usize {
        self.assumed_pods.len()
    }

    /// The node of an assumed pod.
    #[must_use]
    pub fn assumed(&self, uid: &str) -> Option<&NodeName> {
        self.assumed_pods.get(uid).map(|assumed| &assumed.node)
    }

    /// Assumes a pod: the pod counts on the node before the API server gets the Binding. The Binding must carry the
    /// current version of the pod.
    ///
    /// The pod stays assumed until the watch delivers the outcome: the pod on a node, its deletion, or a later version
    /// without a node, for which the Binding fails. [`Cluster::forget`] ends the assumption earlier.
    ///
    /// # Errors
    /// [`UnknownPod`] where the cluster has no such pod.
    pub fn assume(&mut self, uid: &PodUid, node: &NodeName) -> Result<(), UnknownPod> {
        let pod = Arc::clone(&self.pods.get(uid.as_str()).ok_or(UnknownPod)?.pod);
        self.current.version += 1;
        if let Some(reserved) = self.reserved_pods.get_mut(uid) {
            // Where the Binding fails, the pod has this node reserved.
            reserved.node = node.clone();
        }
        let resource_version = pod.resource_version.clone();
        self.assumed_pods
            .insert(uid.clone(), AssumedPod { node: node.clone(), resource_version, outcome_unknown: false });
        self.replace(pod);
        Ok(())
    }

    /// Forgets an assumed pod of this version, because its Binding has failed.
    pub fn forget(&mut self, uid: &PodUid, resource_version: &str) {
        if self.assumed_pods.get(uid).is_some_and(|assumed| *assumed.resource_version == *resource_version) {
            self.assumed_pods.remove(uid);
            if let Some(entry) = self.pods.get(uid.as_str()) {
                self.current.version += 1;
                let pod = Arc::clone(&entry.pod);
                self.replace(pod);
            }
        }
    }

    /// Notes that the outcome of the Binding for this version of the pod is unknown. The pod stays assumed until the
    /// watch delivers a later version: writing a [fencing token](Self::next_token) creates one.
    pub fn note_unknown_outcome(&mut self, uid: &PodUid, resource_version: &str) {
        let assumed = self.assumed_pods.get_mut(uid).filter(|assumed| *assumed.resource_version == *resource_version);
        if let Some(assumed) = assumed {
            assumed.outcome_unknown = true;
        }
    }

    /// The assumed pods whose outcome is unknown.
    pub fn unknown_outcomes(&self) -> impl Iterator<Item = &PodKey> {
        let outcome_unknown = self.assumed_pods.iter().filter(|(_, assumed)| assumed.outcome_unknown);
        outcome_unknown.filter_map(|(uid, _)| Some(&self.pods.get(uid.as_str())?.pod.key))
    }

    /// Takes over placement from any earlier process. Each process needs another `epoch`. Further calls have no effect.
    pub fn take_over(&mut self, epoch: &str) {
        if !self.takeover.has_begun() {
            let pending = self.pending_pods();
            self.takeover.begin(epoch, pending.into_iter());
        }
    }

    /// The PEs that another process may have a Binding in flight for. A PE must be fenced before another PE is assumed
    /// that such a Binding could conflict with.
    pub fn unsettled(&self) -> impl Iterator<Item = &Arc<Pe>> {
        self.takeover.unsettled().filter_map(|uid| self.pods.get(uid.as_str())?.pe.as_ref())
    }

    /// A new fencing token for a pod: the value of the annotation `outrigger.dev/epoch`; `None` before the takeover.
    pub fn next_token(&mut self, uid: &PodUid) -> Option<String> {
        self.takeover.next_token(uid)
    }

    /// How often the watch has shown that another process may have taken over.
    #[must_use]
    pub fn possible_takeovers(&self) -> u64 {
        self.takeover.questions()
    }

    /// True where a bind of the pod has to [check](Self::note_takeover_checked) whether another process has taken over.
    /// `at_start` is the number of [possible takeovers](Self::possible_takeovers) when the bind began.
    #[must_use]
    pub fn must_check_takeover(&self, uid: &str, at_start: u64) -> bool {
        self.takeover.must_ask(uid, at_start)
    }

    /// How often the watch has shown that another process may have taken over, where the last time has not been
    /// [checked](Self::note_takeover_checked).
    #[must_use]
    pub fn unchecked_takeovers(&self) -> Option<u64> {
        self.takeover.open_questions()
    }

    /// Notes that no other process had taken over when the watch had shown that possibility `count` times.
    pub fn note_takeover_checked(&mut self, count: u64) {
        self.takeover.answer(count);
    }

    /// True where this process wrote the fencing token.
    #[must_use]
    pub fn is_our_token(&self, token: &str) -> bool {
        self.takeover.is_ours(token)
    }

    fn pending_pods(&self) -> Vec<PodUid> {
        let pending = self.pods.iter().filter(|entry| is_pending(&entry.pod));
        pending.map(|entry| entry.pod.key.uid.clone()).collect()
    }

    /// Takes over again, because another process has taken over: every pending pod is unsettled.
    pub fn take_over_again(&mut self) {
        let pending = self.pending_pods();
        self.takeover.begin_again(pending.into_iter());
    }
}

#[cfg(test)]
#[path = "tests/assumed_pods.rs"]
mod tests;
