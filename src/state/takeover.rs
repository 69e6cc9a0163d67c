//! Fencing at takeover (`docs/design.md`, D17): the pods for which another process may have a Binding in flight.
//!
//! A Binding carries the version of the pod as a precondition: any later write to the pod makes the Binding fail.
//! Before a process that has taken over assumes a PE, it writes a **fencing token**, an annotation with its epoch, onto
//! each pod whose Binding in flight could break a rule together with that PE. Every process sees all tokens in the
//! order of the watch:
//!
//! - A pod is settled once the watch shows a token that this process wrote after it took over. A Binding of another
//!   process has succeeded before, and the watch has shown its node, or the Binding fails.
//! - Pods that the watch shows before the first token may be known to a process that has not seen the token. Later pods
//!   need no token: a process that sees them has seen the takeover.
//! - A token of another process shows that it has taken over. All waiting pods are unsettled again, and this process
//!   takes over again with the next PE that it assumes.
//!
//! Of two processes that assume PEs which concern each other, the later one has therefore made the Bindings of the
//! earlier one fail, or has seen their nodes.

use std::collections::BTreeSet;

use crate::model::{Pod, PodPhase, PodUid, keys};

/// The takeover of this process, and the pods that are unsettled.
#[derive(Debug, Default)]
pub(super) struct Takeover {
    /// The epoch of this process; `None` before its first takeover.
    epoch: Option<Box<str>>,
    /// The number of the last token that was issued.
    tokens: u64,
    /// Tokens up to this number were issued before the last takeover: they settle no pod.
    before: u64,
    /// True once the watch has shown a token that was issued after the last takeover.
    established: bool,
    /// Waiting pods that the watch has not shown with such a token.
    unsettled: BTreeSet<PodUid>,
}

impl Takeover {
    /// True once this process has taken over.
    pub(super) fn has_begun(&self) -> bool {
        self.epoch.is_some()
    }

    /// Takes over for the first time. `epoch` must differ from that of every other process.
    pub(super) fn begin(&mut self, epoch: &str, waiting: impl Iterator<Item = PodUid>) {
        self.epoch = Some(epoch.into());
        self.begin_again(waiting);
    }

    /// Takes over again: all waiting pods are unsettled.
    pub(super) fn begin_again(&mut self, waiting: impl Iterator<Item = PodUid>) {
        self.before = self.tokens;
        self.established = false;
        self.unsettled = waiting.collect();
    }

    /// A token that was never issued before; `None` before the first takeover.
    pub(super) fn next_token(&mut self) -> Option<String> {
        let epoch = self.epoch.as_ref()?;
        self.tokens += 1;
        // Each token is another value: writing the same value again would not change the version of the pod.
        Some(format!("{epoch}.{}", self.tokens))
    }

    /// True for a token of this process.
    pub(super) fn is_ours(&self, token: &str) -> bool {
        self.epoch.as_ref().is_some_and(|epoch| number(epoch, token).is_some())
    }

    /// The pods that need a token before a PE is assumed that a Binding for them could break.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = &PodUid> {
        self.unsettled.iter()
    }

    /// Takes note of a pod that the watch shows, and of how it showed the pod before. True where another process has
    /// taken over, so that this process has to take over again.
    pub(super) fn observe(&mut self, known: Option<&Pod>, pod: &Pod) -> bool {
        let Some(epoch) = &self.epoch else { return false };
        if !waits(pod) {
            self.unsettled.remove(&pod.key.uid);
        } else if known.is_none() && !self.established {
            self.unsettled.insert(pod.key.uid.clone());
        }
        let token = pod.annotations.get(keys::EPOCH);
        if token == known.and_then(|known| known.annotations.get(keys::EPOCH)) {
            return false;
        }
        match token.map(|token| number(epoch, token)) {
            None => false,
            Some(Some(number)) => {
                if number > self.before {
                    self.established = true;
                    self.unsettled.remove(&pod.key.uid);
                }
                false
            }
            // Without a token issued since the last takeover no pod is settled: nothing has to be taken over again.
            Some(None) => self.tokens > self.before,
        }
    }

    /// Forgets a pod that was deleted.
    pub(super) fn gone(&mut self, uid: &PodUid) {
        self.unsettled.remove(uid);
    }
}

/// True where a Binding for the pod can still succeed.
pub(super) fn waits(pod: &Pod) -> bool {
    pod.node.is_none() && pod.phase == PodPhase::Active
}

/// The number of a token of this epoch.
fn number(epoch: &str, token: &str) -> Option<u64> {
    let (of, number) = token.rsplit_once('.')?;
    if of == epoch { number.parse().ok() } else { None }
}

#[cfg(test)]
#[path = "tests/takeover.rs"]
mod tests;
