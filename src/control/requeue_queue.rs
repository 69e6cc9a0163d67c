//! The PEs to requeue: each once, in the order in which their change was seen, until the write succeeds.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Pe, PodUid};

/// The queue of PEs whose requeue is not yet written.
#[derive(Debug, Default)]
pub(super) struct RequeueQueue(Vec<Arc<Pe>>);

impl RequeueQueue {
    /// Adds PEs; a PE that is in the queue keeps its place.
    pub(super) fn push(&mut self, pes: impl IntoIterator<Item = Arc<Pe>>) {
        let mut queued: BTreeSet<PodUid> = self.0.iter().map(|pe| pe.pod.key.uid.clone()).collect();
        self.0.extend(pes.into_iter().filter(|pe| queued.insert(pe.pod.key.uid.clone())));
    }

    /// Takes the PEs that still wait and forgets the others; the caller pushes back those whose write failed.
    pub(super) fn take_waiting(&mut self, waits: impl Fn(&Pe) -> bool) -> Vec<Arc<Pe>> {
        std::mem::take(&mut self.0).into_iter().filter(|pe| waits(pe)).collect()
    }

    /// Forgets everything: another process holds the lease and requeues.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
#[path = "tests/requeue_queue.rs"]
mod tests;
