//! The takeover fence (D17): which pods a Binding of another process may be on its way for.
//!
//! A Binding carries the version of the pod that it was decided for, so any later write to the pod ends it. A process
//! that takes over therefore **marks** a pod, by an annotation with its epoch, before it commits anything that a
//! Binding for that pod could break. What makes this right is that every process sees all marks in one order, that of
//! the watch:
//!
//! - A pod is settled when the watch shows a mark of ours that was written after we took over: a Binding of another
//!   process has landed before, and the watch has shown where, or it fails.
//! - Pods that the watch shows before our first mark may be known to another process that has not seen it. Those that
//!   come later need no mark: whoever sees them has seen that we took over.
//! - A mark of another process says that it has taken over from us. Everything that waits is unsettled again, and our
//!   next commitment takes over from there.
//!
//! So of any two processes that commit PEs which concern each other, the later one has ended what the earlier one had on
//! its way, or has seen where it went.

use std::collections::BTreeSet;

use crate::model::{Pod, PodPhase, PodUid, keys};

/// Whether this process places, and what others may have on their way.
#[derive(Debug, Default)]
pub(super) struct Takeover {
    /// The epoch of this process; `None` until it is asked to place.
    epoch: Option<Box<str>>,
    /// The number of the last mark that was given out.
    tokens: u64,
    /// Marks up to this number were given out before the present reign began: they prove nothing.
    before: u64,
    /// True once the watch has shown a mark of the present reign.
    established: bool,
    /// Waiting pods that the watch has not shown with a mark of the present reign.
    unsettled: BTreeSet<PodUid>,
}

impl Takeover {
    /// True once this process has been asked to place.
    pub(super) fn has_begun(&self) -> bool {
        self.epoch.is_some()
    }

    /// Begins the first reign; `epoch` must differ from that of every other process.
    pub(super) fn begin(&mut self, epoch: &str, waiting: impl Iterator<Item = PodUid>) {
        self.epoch = Some(epoch.into());
        self.begin_again(waiting);
    }

    /// Begins another reign: what was settled by the last one is so no more.
    pub(super) fn begin_again(&mut self, waiting: impl Iterator<Item = PodUid>) {
        self.before = self.tokens;
        self.established = false;
        self.unsettled = waiting.collect();
    }

    /// A mark that no pod carries yet; `None` before the first reign.
    pub(super) fn next_token(&mut self) -> Option<String> {
        let epoch = self.epoch.as_ref()?;
        self.tokens += 1;
        // Each mark is another value: writing the same again would not change the version of the pod.
        Some(format!("{epoch}.{}", self.tokens))
    }

    /// Whether a mark was written by this process.
    pub(super) fn is_ours(&self, token: &str) -> bool {
        self.epoch.as_ref().is_some_and(|epoch| number(epoch, token).is_some())
    }

    /// The pods that have to be marked before a commitment that a Binding for them could break.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = &PodUid> {
        self.unsettled.iter()
    }

    /// Takes in what the watch shows of a pod, and what it showed before. True when it shows that another process has
    /// taken over, so that a new reign has to begin.
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
            // Without a mark given out since, nothing has been settled by this reign: it may as well go on.
            Some(None) => self.tokens > self.before,
        }
    }

    /// Forgets a pod that is gone.
    pub(super) fn gone(&mut self, uid: &PodUid) {
        self.unsettled.remove(uid);
    }
}

/// True when a Binding for a pod can still succeed.
pub(super) fn waits(pod: &Pod) -> bool {
    pod.node.is_none() && pod.phase == PodPhase::Active
}

/// The number of a mark of this epoch.
fn number(epoch: &str, token: &str) -> Option<u64> {
    let (of, number) = token.rsplit_once('.')?;
    if of == epoch { number.parse().ok() } else { None }
}

#[cfg(test)]
#[path = "tests/takeover.rs"]
mod tests;
