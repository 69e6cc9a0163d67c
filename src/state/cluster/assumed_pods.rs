//! What we have committed to and the watch does not show yet; and what another process may have on its way.

use std::sync::Arc;

use super::fold::Cluster;
use crate::model::{NodeName, Pe, PodKey, PodUid};
use crate::state::takeover::waits;

/// An entry of the ledger.
#[derive(Debug)]
pub(super) struct AssumedPod {
    node: NodeName,
    /// The version of the pod that its Binding carries as a precondition.
    pub(super) resource_version: Box<str>,
    /// True when nobody knows whether the Binding has landed or may still land.
    outcome_unknown: bool,
}

/// A pod that we have not seen, or that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pod is not known, or is gone")]
pub struct UnknownPod;

impl Cluster {
    /// How many commitments the watch does not show yet.
    #[must_use]
    pub fn assumed_len(&self) -> usize {
        self.assumed_pods.len()
    }

    /// Where the ledger has committed a pod to.
    #[must_use]
    pub fn assumed(&self, uid: &str) -> Option<&NodeName> {
        self.assumed_pods.get(uid).map(|assumed| &assumed.node)
    }

    /// Counts a pod on a node from now on, before the API server knows. The Binding has to carry the version of the pod
    /// that is known at this moment.
    ///
    /// The commitment holds until the watch shows what became of the pod: on a node, gone, or in a later version
    /// without a node, for which the Binding comes too late. Or until it is [withdrawn](Self::withdraw).
    ///
    /// # Errors
    /// [`UnknownPod`] when no such pod is known.
    pub fn assume(&mut self, uid: &PodUid, node: &NodeName) -> Result<(), UnknownPod> {
        let pod = Arc::clone(&self.pods.get(uid.as_str()).ok_or(UnknownPod)?.pod);
        self.current.version += 1;
        let resource_version = pod.resource_version.clone();
        self.assumed_pods
            .insert(uid.clone(), AssumedPod { node: node.clone(), resource_version, outcome_unknown: false });
        self.replace(pod);
        Ok(())
    }

    /// Takes back the commitment that was made for this version of the pod: its Binding was refused for good.
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

    /// Notes that nobody knows what became of the Binding of the commitment for this version of the pod. It goes on
    /// counting until the watch shows a later version: writing a [mark](Self::next_mark) onto the pod brings one.
    pub fn note_unknown_outcome(&mut self, uid: &PodUid, resource_version: &str) {
        let assumed = self.assumed_pods.get_mut(uid).filter(|assumed| *assumed.resource_version == *resource_version);
        if let Some(assumed) = assumed {
            assumed.outcome_unknown = true;
        }
    }

    /// The pods of commitments that are in doubt.
    pub fn unknown_outcomes(&self) -> impl Iterator<Item = &PodKey> {
        let outcome_unknown = self.assumed_pods.iter().filter(|(_, assumed)| assumed.outcome_unknown);
        outcome_unknown.filter_map(|(uid, _)| Some(&self.pods.get(uid.as_str())?.pod.key))
    }

    /// Places from now on, in the place of whoever did before; `epoch` must differ from that of every other process.
    /// Once taken over, nothing changes by being called again.
    pub fn take_over(&mut self, epoch: &str) {
        if !self.takeover.has_begun() {
            let waiting = self.waiting();
            self.takeover.begin(epoch, waiting.into_iter());
        }
    }

    /// The PEs that another process may have a Binding on its way for: each must be marked, and shown so by the watch,
    /// before a commitment that such a Binding could break.
    pub fn unsettled(&self) -> impl Iterator<Item = &Arc<Pe>> {
        self.takeover.unsettled().filter_map(|uid| self.pods.get(uid.as_str())?.pe.as_ref())
    }

    /// A mark for one pod, as the annotation `outrigger.dev/epoch` holds it; `None` before this process has taken over.
    pub fn next_token(&mut self) -> Option<String> {
        self.takeover.next_token()
    }

    /// Whether a mark was written by this process.
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
