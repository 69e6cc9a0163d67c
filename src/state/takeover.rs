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
//! - A token of another process may mean that the other process has taken over. Anybody who may annotate a pod can write
//!   one, so it only counts as a question: our next bind asks the API server which process has announced its epoch last,
//!   in a Lease of our own namespace. A process announces its epoch before it writes its first token. Where another
//!   process has announced its epoch since, every pending pod is unsettled again, and our next bind takes over again.
//!   Tokens on pods that are no pending PEs are ignored.
//! - A bind asks about the tokens that the watch delivered before the bind began, or before the version of its own pod
//!   that the Binding carries. Later tokens on other pods do not matter to the bind: the pod is older than they are, so the
//!   process that wrote them writes one onto this pod too, before it assumes a pod that conflicts. So nobody who writes
//!   tokens without end delays a bind.
//!
//! So of two processes that assume PEs which could conflict, the later process has ended the Bindings of the earlier one,
//! or knows their outcome.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Pod, PodPhase, PodUid, keys};

/// The epoch of this process, and the pods that other processes may have a Binding in flight for.
#[derive(Debug, Default)]
pub(super) struct Takeover {
    /// The epoch of this process; `None` until the first takeover.
    epoch: Option<Box<str>>,
    /// The number of the last token.
    tokens: u64,
    /// The last token of the current takeover for each pod, until the watch delivers it. A copy of the token on another
    /// pod settles no pod.
    written: BTreeMap<PodUid, u64>,
    /// True once the watch has delivered a token of the current takeover on a pending PE.
    established: bool,
    /// How often another process may have taken over: foreign tokens on pending PEs, and lists.
    questions: u64,
    /// How many of these questions the Lease has answered.
    answered: u64,
    /// The last question that a list has asked.
    listed: u64,
    /// The last question when the watch delivered each pending pod last, unless that question is answered.
    asked_before: BTreeMap<PodUid, u64>,
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
        self.written.clear();
        self.established = false;
        self.unsettled = pending.collect();
    }

    /// A new token for a pod; `None` before the first takeover.
    pub(super) fn next_token(&mut self, uid: &PodUid) -> Option<String> {
        let epoch = self.epoch.as_ref()?;
        self.tokens += 1;
        self.written.insert(uid.clone(), self.tokens);
        // Writing the same value again would not change the version of the pod.
        Some(format!("{epoch}.{}", self.tokens))
    }

    /// True where this process wrote the token.
    pub(super) fn is_ours(&self, token: &str) -> bool {
        self.epoch.as_ref().is_some_and(|epoch| token_number(epoch, token).is_some())
    }

    /// The number of questions so far, where the Lease has not answered all of them.
    pub(super) fn open_questions(&self) -> Option<u64> {
        (self.questions > self.answered).then_some(self.questions)
    }

    /// The number of questions so far.
    pub(super) fn questions(&self) -> u64 {
        self.questions
    }

    /// True where a question is open that matters to the bind of a pod. `at_start` is the number of questions when the
    /// bind began.
    pub(super) fn must_ask(&self, uid: &str, at_start: u64) -> bool {
        let before_version = self.asked_before.get(uid).copied().unwrap_or(0);
        at_start.max(self.listed).max(before_version) > self.answered
    }

    /// Another process may have taken over without a token that the watch delivers.
    pub(super) fn ask(&mut self) {
        self.questions += u64::from(self.epoch.is_some());
        self.listed = self.questions;
    }

    /// The Lease has answered the first `questions` questions.
    pub(super) fn answer(&mut self, questions: u64) {
        self.answered = self.answered.max(questions);
        self.asked_before.retain(|_, question| *question > questions);
    }

    /// The pods to fence before a pod is assumed that a Binding for them could conflict with.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = &PodUid> {
        self.unsettled.iter()
    }

    /// Observes a pod as the watch delivers it; `known` is its previous version.
    pub(super) fn observe(&mut self, known: Option<&Pod>, pod: &Pod, is_pe: impl FnOnce() -> bool) {
        let Some(epoch) = &self.epoch else { return };
        let (uid, is_pending) = (&pod.key.uid, is_pending(pod));
        if !is_pending {
            self.forget(uid);
            return;
        }
        if known.is_none() && !self.established {
            self.unsettled.insert(uid.clone());
        }
        let known_token = known.and_then(|known| known.annotations.get(keys::EPOCH));
        let new_token = pod.annotations.get(keys::EPOCH).filter(|token| Some(*token) != known_token);
        match new_token.map(|token| token_number(epoch, token)) {
            Some(Some(number)) if self.written.get(uid) == Some(&number) => {
                self.written.remove(uid);
                self.unsettled.remove(uid);
                self.established |= is_pe();
            }
            // A token of an earlier takeover of this process, or a copy of a token.
            None | Some(Some(_)) => {}
            Some(None) => self.questions += u64::from(is_pe()),
        }
        if self.questions > self.answered {
            self.asked_before.insert(uid.clone(), self.questions);
        }
    }

    /// Forgets a deleted pod.
    pub(super) fn forget(&mut self, uid: &PodUid) {
        self.unsettled.remove(uid);
        self.written.remove(uid);
        self.asked_before.remove(uid);
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
