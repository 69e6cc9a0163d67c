//! Fencing tokens (D17): the pods for which another process may have a Binding in flight.
//!
//! A Binding carries the version of the pod as a precondition, so any later write to the pod makes the Binding fail. A
//! process that takes over therefore writes a **fencing token** onto a pod, as an annotation with its epoch and a number,
//! before the process assumes a pod that a Binding of the first pod could conflict with. The watch delivers all tokens
//! in one order to every process:
//!
//! - A pod is settled when the watch delivers one of our tokens that was written after the takeover. A Binding of another
//!   process has then succeeded, and the watch has delivered the node, or it fails.
//! - A pod that the watch delivers before our first token is unsettled: another process may know the pod and not our
//!   token. A later pod needs no token: a process that knows the pod has received our token before.
//! - A token of another process means that the other process has taken over. Every pending pod is unsettled again, and
//!   our next bind takes over again.
//!
//! So of two processes that assume PEs which could conflict, the later process has ended the Bindings of the earlier one,
//! or knows their outcome.

use std::collections::BTreeSet;

use crate::model::{Pod, PodPhase, PodUid, keys};

/// The epoch of this process, and the pods that other processes may have a Binding in flight for.
#[derive(Debug, Default)]
pub(super) struct Takeover {
    /// The epoch of this process; `None` until the first takeover.
    epoch: Option<Box<str>>,
    /// The number of the last token.
    tokens: u64,
    /// The number of the last token before the current takeover. Tokens up to this number settle no pod.
    tokens_before: u64,
    /// True once the watch has delivered a token of the current takeover.
    established: bool,
    /// The pending pods that the watch has not delivered with a token of the current takeover.
    unsettled: BTreeSet<PodUid>,
}

impl Takeover {
    /// True once this process has taken over.
    pub(super) fn has_begun(&self) -> bool {
        self.epoch.is_some()
    }

    /// Takes over for the first time. Each process needs another `epoch`.
    pub(super) fn begin(&mut self, epoch: &str, pending: impl Iterator<Item = PodUid>) {
        self.epoch = Some(epoch.into());
        self.begin_again(pending);
    }

    /// Takes over again: every pending pod is unsettled.
    pub(super) fn begin_again(&mut self, pending: impl Iterator<Item = PodUid>) {
        self.tokens_before = self.tokens;
        self.established = false;
        self.unsettled = pending.collect();
    }

    /// A new token; `None` before the first takeover.
    pub(super) fn next_token(&mut self) -> Option<String> {
        let epoch = self.epoch.as_ref()?;
        self.tokens += 1;
        // Writing the same value again would not change the version of the pod.
        Some(format!("{epoch}.{}", self.tokens))
    }

    /// True where this process wrote the token.
    pub(super) fn is_ours(&self, token: &str) -> bool {
        self.epoch.as_ref().is_some_and(|epoch| token_number(epoch, token).is_some())
    }

    /// The pods to fence before a pod is assumed that a Binding for them could conflict with.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = &PodUid> {
        self.unsettled.iter()
    }

    /// Observes a pod as the watch delivers it; `known` is its previous version. Returns true where another process has
    /// taken over, so that this process has to take over again.
    pub(super) fn observe(&mut self, known: Option<&Pod>, pod: &Pod) -> bool {
        let Some(epoch) = &self.epoch else { return false };
        if !is_pending(pod) {
            self.unsettled.remove(&pod.key.uid);
        } else if known.is_none() && !self.established {
            self.unsettled.insert(pod.key.uid.clone());
        }
        let token = pod.annotations.get(keys::EPOCH);
        if token == known.and_then(|known| known.annotations.get(keys::EPOCH)) {
            return false;
        }
        match token.map(|token| token_number(epoch, token)) {
            None => false,
            Some(Some(number)) => {
                if number > self.tokens_before {
                    self.established = true;
                    self.unsettled.remove(&pod.key.uid);
                }
                false
            }
            // Where this takeover has written no token yet, it has settled no pod, so it need not begin again.
            Some(None) => self.tokens > self.tokens_before,
        }
    }

    /// Forgets a deleted pod.
    pub(super) fn forget(&mut self, uid: &PodUid) {
        self.unsettled.remove(uid);
    }
}

/// True where a Binding for the pod can still succeed.
pub(super) fn is_pending(pod: &Pod) -> bool {
    pod.node.is_none() && pod.phase == PodPhase::Active
}

/// The number of a token of this epoch; `None` for other tokens.
fn token_number(epoch: &str, token: &str) -> Option<u64> {
    let (token_epoch, number) = token.rsplit_once('.')?;
    if token_epoch == epoch { number.parse().ok() } else { None }
}

#[cfg(test)]
#[path = "tests/takeover.rs"]
mod tests;
