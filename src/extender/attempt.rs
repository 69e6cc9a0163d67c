//! What the last scheduling cycle of a pod found: remembered from filter and prioritize until its bind.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::model::{NodeName, PodUid, Reason};
use crate::placement::{Case, Ranked};
use crate::state::NodeIndex;

/// How many pods are remembered. Each is forgotten at its bind; more means pods that are never bound.
const CAPACITY: usize = 4_096;
/// How many of the best nodes are kept.
pub(super) const KEPT: usize = 3;

/// What one scheduling cycle found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// The version of the snapshot that it was decided with.
    pub version: u64,
    /// How many nodes were asked about.
    pub asked: usize,
    /// How many were refused, by reason.
    pub rejected: BTreeMap<Reason, usize>,
    /// The nodes to choose from; none where no node passed, or prioritize has not been asked yet.
    pub choice: Choice,
}

/// The best nodes for a PE, as they were when it was decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// The nodes, best first; one alone where no other was left.
    pub best: Vec<Ranked>,
    /// The nodes that the PE's job has chosen of its sized pool once the PE is on the best, by name; none for other pools.
    pub allocation: Vec<NodeName>,
}

impl Choice {
    /// The choice between nodes in this order.
    pub(super) fn of(case: &Case<'_>, mut best: Vec<Ranked>) -> Self {
        best.truncate(KEPT);
        let allocation = best.first().map(|first| case.allocation_with(first.node)).unwrap_or_default();
        Self { best, allocation }
    }

    /// The only node that is left: kube-scheduler takes it without asking prioritize.
    pub(super) fn only(case: &Case<'_>, passed: &[NodeIndex]) -> Self {
        if passed.len() == 1 { Self::of(case, case.rank(passed)) } else { Self::default() }
    }
}

/// The last attempts, by pod.
#[derive(Debug, Default)]
pub struct Attempts {
    by_pod: HashMap<PodUid, Attempt, ahash::RandomState>,
    order: VecDeque<PodUid>,
}

impl Attempts {
    /// Remembers what filter found: a new attempt begins.
    pub fn filtered(&mut self, uid: &PodUid, attempt: Attempt) {
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
    pub fn ranked(&mut self, uid: &PodUid, choice: Choice) {
        if let Some(attempt) = self.by_pod.get_mut(uid) {
            attempt.choice = choice;
        }
    }

    /// How many nodes were refused at the last attempt, by reason.
    #[must_use]
    pub fn rejected(&self, uid: &PodUid) -> Option<&BTreeMap<Reason, usize>> {
        self.by_pod.get(uid).map(|attempt| &attempt.rejected)
    }

    /// The version of the snapshot that the last attempt was decided with.
    #[must_use]
    pub fn decided_on(&self, uid: &PodUid) -> Option<u64> {
        self.by_pod.get(uid).map(|attempt| attempt.version)
    }

    /// The attempt that led to a bind; it is forgotten.
    pub fn take(&mut self, uid: &PodUid) -> Option<Attempt> {
        self.by_pod.remove(uid)
    }
}

#[cfg(test)]
#[path = "tests/attempt.rs"]
mod tests;
