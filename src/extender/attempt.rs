//! What the last scheduling cycle of a pod found: remembered from filter and prioritize until its bind.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::model::{PodUid, Reason};
use crate::placement::Ranked;

/// How many pods are remembered. Each is forgotten at its bind; more means pods that are never bound.
const CAPACITY: usize = 4_096;
/// How many of the best nodes are kept.
pub(super) const KEPT: usize = 3;

/// What one scheduling cycle found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// How many nodes were asked about.
    pub asked: usize,
    /// How many were refused, by reason.
    pub refused: BTreeMap<Reason, usize>,
    /// The best nodes, best first; empty where one node was left and prioritize was not asked.
    pub best: Vec<Ranked>,
}

/// The last attempts, by pod.
#[derive(Debug, Default)]
pub struct Attempts {
    by_pod: HashMap<PodUid, Attempt, ahash::RandomState>,
    order: VecDeque<PodUid>,
}

impl Attempts {
    /// Remembers what filter found: a new attempt begins.
    pub fn filtered(&mut self, uid: &PodUid, asked: usize, refused: BTreeMap<Reason, usize>) {
        let attempt = Attempt { asked, refused, best: Vec::new() };
        if self.by_pod.insert(uid.clone(), attempt).is_some() {
            return;
        }
        self.order.push_back(uid.clone());
        while self.by_pod.len() > CAPACITY {
            let Some(oldest) = self.order.pop_front() else { return };
            self.by_pod.remove(&oldest);
        }
        // Taken attempts leave their place in the order behind.
        if self.order.len() > 2 * CAPACITY {
            self.order.retain(|known| self.by_pod.contains_key(known));
        }
    }

    /// Remembers what prioritize found.
    pub fn ranked(&mut self, uid: &PodUid, mut best: Vec<Ranked>) {
        if let Some(attempt) = self.by_pod.get_mut(uid) {
            best.truncate(KEPT);
            attempt.best = best;
        }
    }

    /// How many nodes were refused at the last attempt, by reason.
    #[must_use]
    pub fn refused(&self, uid: &PodUid) -> Option<&BTreeMap<Reason, usize>> {
        self.by_pod.get(uid).map(|attempt| &attempt.refused)
    }

    /// The attempt that led to a bind; it is forgotten.
    pub fn take(&mut self, uid: &PodUid) -> Option<Attempt> {
        self.by_pod.remove(uid)
    }
}

#[cfg(test)]
#[path = "tests/attempt.rs"]
mod tests;
