//! Assumed pods: they count on a node before the watch shows them there. And the takeover from another process.

use std::sync::Arc;

use super::assumed_pod::AssumedPod;
use super::fold::Cluster;
use crate::model::{NodeName, Pe, PodKey, PodUid};
use crate::state::takeover::waits;

/// A pod that the watch has not shown, or that is gone.
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

    /// Counts a pod on a node from now on, before its Binding is written. The Binding has to carry the version of the
    /// pod that the cluster holds at this moment.
    ///
    /// The pod stays assumed until the watch shows it on a node, as deleted, or in a later version without a node, for
    /// which the Binding comes too late; or until it is [withdrawn](Self::withdraw).
    ///
    /// # Errors
    /// [`UnknownPod`] where the cluster holds no such pod.
    pub fn assume(&mut self, uid: &PodUid, node: &NodeName) -> Result<(), UnknownPod> {
        let pod = Arc::clone(&self.pods.get(uid.as_str()).ok_or(UnknownPod)?.pod);
        self.current.version += 1;
        let resource_version = pod.resource_version.clone();
        self.assumed_pods
            .insert(uid.clone(), AssumedPod { node: node.clone(), resource_version, outcome_unknown: false });
        self.replace(pod);
        Ok(())
    }

    /// Ends that this version of the pod is assumed: its Binding has failed for good.
    pub fn withdraw(&mut self, uid: &PodUid, resource_version: &str) {
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
    /// watch shows a later version: a [fencing token](Self::next_token) on the pod makes one.
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

    /// Takes over from the process that placed PEs before. `epoch` must differ from that of every other process.
    /// Further calls have no effect.
    pub fn take_over(&mut self, epoch: &str) {
        if !self.takeover.has_begun() {
            let waiting = self.waiting();
            self.takeover.begin(epoch, waiting.into_iter());
        }
    }

    /// The PEs for which another process may have a Binding in flight. Before a PE is assumed that such a Binding could
    /// break, the watch has to show each of them with a fencing token.
    pub fn unsettled(&self) -> impl Iterator<Item = &Arc<Pe>> {
        self.takeover.unsettled().filter_map(|uid| self.pods.get(uid.as_str())?.pe.as_ref())
    }

    /// A fencing token for one pod, as the value of `outrigger.dev/epoch`; `None` before this process has taken over.
    pub fn next_token(&mut self) -> Option<String> {
        self.takeover.next_token()
    }

    /// True for a fencing token of this process.
    #[must_use]
    pub fn is_our_token(&self, token: &str) -> bool {
        self.takeover.is_ours(token)
    }

    pub(super) fn waiting(&self) -> Vec<PodUid> {
        let waiting = self.pods.iter().filter(|entry| waits(&entry.pod));
        waiting.map(|entry| entry.pod.key.uid.clone()).collect()
    }

    pub(super) fn take_over_again(&mut self) {
        let waiting = self.waiting();
        self.takeover.begin_again(waiting.into_iter());
    }
}

#[cfg(test)]
#[path = "tests/assumed_pods.rs"]
mod tests;
