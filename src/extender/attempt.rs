//! What the last scheduling cycle of a pod found: kept from filter and prioritize until the bind of the pod.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::{NodeName, Pe, PodUid, Reason};
use crate::placement::{CycleState, Decision, GangPlan, RankedNode};
use crate::state::{NodeIndex, Snapshot, SnapshotKey};

/// How many pods are kept. Each is forgotten at its bind; more means pods that are never bound.
const CAPACITY: usize = 4_096;
/// How many of the best nodes are kept.
pub(super) const KEPT: usize = 3;
/// A pod that comes back after so long has not been bound to the node that filter named alone.
const UNBOUND_AFTER: SignedDuration = SignedDuration::from_secs(2);
/// How many nodes are kept to which kube-scheduler did not bind the pod.
const MOST_UNBOUND: usize = 8;

/// What one scheduling cycle found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// The version of the snapshot that the pod was decided in.
    pub version: u64,
    /// How many nodes kube-scheduler asked about.
    pub asked: usize,
    /// How many nodes were rejected, by reason.
    pub rejected: BTreeMap<Reason, usize>,
    /// The nodes to choose from; none where no node passed, or prioritize has not been asked yet.
    pub choice: Choice,
    /// True where filter named the best node alone, so that kube-scheduler could choose no other.
    pub named_one: bool,
    /// Nodes that filter named alone in earlier cycles and to which kube-scheduler did not bind the pod.
    pub unbound: Vec<NodeName>,
    /// What was looked up for the decision, for as long as the snapshot is the same.
    pub looked_up: Option<LookedUp>,
}

/// What was looked up for a decision, with the key of its snapshot.
#[derive(Clone, Debug)]
pub struct LookedUp {
    key: SnapshotKey,
    cycle: Arc<CycleState>,
}

/// The best nodes for a PE, as they were when the PE was decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// The nodes, best first; one alone where no other was left.
    pub best: Vec<RankedNode>,
    /// The nodes that the PE's job has chosen of its sized pool once the PE is on the best, by name; none for other pools.
    pub allocation: Vec<NodeName>,
}

impl Choice {
    /// The choice between nodes in this order.
    pub(super) fn new(decision: &Decision<'_>, mut best: Vec<RankedNode>) -> Self {
        best.truncate(KEPT);
        let allocation = best.first().map(|first| decision.allocation_with(first.node)).unwrap_or_default();
        Self { best, allocation }
    }

    /// The choice between nodes that passed, of which those in `unbound` stand behind others.
    pub(super) fn among(decision: &Decision<'_>, passed: &[NodeIndex], unbound: &[NodeName]) -> Self {
        Self::new(decision, decision.rank_best(KEPT, passed, unbound).best)
    }
}

impl LookedUp {
    /// Keeps what was looked up for a decision in this snapshot.
    #[must_use]
    pub fn new(decision: &Decision<'_>, snapshot: &Snapshot) -> Self {
        Self { key: snapshot.key(), cycle: Arc::clone(decision.cycle()) }
    }

    /// Goes on with the decision about `pe` where it was made in this snapshot.
    pub(super) fn resume<'a>(&self, pe: &Pe, snapshot: &'a Snapshot) -> Option<Decision<'a>> {
        let decision = || Decision::resume(Arc::clone(&self.cycle), snapshot);
        (self.key == snapshot.key()).then(decision).filter(|decision| **decision.pe() == *pe)
    }
}

// What is looked up in one snapshot is the same each time.
impl PartialEq for LookedUp {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.cycle.pe() == other.cycle.pe()
    }
}

impl Attempt {
    /// The plan of the PE's gang that filter decided by.
    #[must_use]
    pub fn gang_plan(&self) -> Option<&Arc<GangPlan>> {
        self.looked_up.as_ref()?.cycle.gang().plan()
    }

    /// The nodes that stand behind others in the next cycle. A pod that comes back some time after filter named a node
    /// alone was not bound to that node: a volume or a device may have failed there.
    fn unbound_after(&self, elapsed: SignedDuration) -> Vec<NodeName> {
        let mut unbound = self.unbound.clone();
        let was_named = self.named_one && elapsed >= UNBOUND_AFTER;
        if let Some(best) = self.choice.best.first().filter(|best| was_named && !unbound.contains(&best.name)) {
            unbound.push(best.name.clone());
        }
        unbound.drain(..unbound.len().saturating_sub(MOST_UNBOUND));
        unbound
    }
}

/// The last attempts, by pod.
#[derive(Debug, Default)]
pub struct Attempts {
    /// Each attempt with the time since when its node is named.
    by_pod: HashMap<PodUid, (Attempt, Timestamp), ahash::RandomState>,
    order: VecDeque<PodUid>,
}

impl Attempts {
    /// Keeps what filter found at `now`: a new attempt begins.
    pub fn filtered(&mut self, uid: &PodUid, attempt: Attempt, now: Timestamp) {
        let named =
            |attempt: &Attempt| attempt.choice.best.first().filter(|_| attempt.named_one).map(|best| best.name.clone());
        let last = self.by_pod.get(uid).filter(|(last, _)| named(last).is_some() && named(last) == named(&attempt));
        // A node that is named again has been named since the first time.
        let since = last.map_or(now, |(_, since)| *since);
        if self.by_pod.insert(uid.clone(), (attempt, since)).is_some() {
            return;
        }
        self.order.push_back(uid.clone());
        while self.by_pod.len() > CAPACITY {
            let Some(oldest) = self.order.pop_front() else { return };
            self.by_pod.remove(&oldest);
        }
        // Attempts that a bind has taken leave their place in the order behind.
        if self.order.len() > 2 * CAPACITY {
            self.order.retain(|known| self.by_pod.contains_key(known));
        }
    }

    /// Keeps what prioritize found.
    pub fn prioritized(&mut self, uid: &PodUid, choice: Choice) {
        if let Some((attempt, _)) = self.by_pod.get_mut(uid) {
            attempt.choice = choice;
        }
    }

    /// What an earlier attempt leaves to the next one of the same pod at `now`.
    #[must_use]
    pub fn last(&self, uid: &PodUid, now: Timestamp) -> LastAttempt {
        self.by_pod.get(uid).map_or_else(LastAttempt::default, |(attempt, decided)| LastAttempt {
            looked_up: attempt.looked_up.clone(),
            unbound: attempt.unbound_after(now.duration_since(*decided)),
        })
    }

    /// How many nodes were rejected at the last attempt, by reason.
    #[must_use]
    pub fn rejected(&self, uid: &PodUid) -> Option<&BTreeMap<Reason, usize>> {
        self.by_pod.get(uid).map(|(attempt, _)| &attempt.rejected)
    }

    /// The version of the snapshot that the pod was decided in at the last attempt.
    #[must_use]
    pub fn decided_in(&self, uid: &PodUid) -> Option<u64> {
        self.by_pod.get(uid).map(|(attempt, _)| attempt.version)
    }

    /// Takes out the attempt that led to a bind.
    pub fn take(&mut self, uid: &PodUid) -> Option<Attempt> {
        self.by_pod.remove(uid).map(|(attempt, _)| attempt)
    }
}

/// What the last attempt of a pod leaves to the next one, or filter to prioritize.
#[derive(Clone, Debug, Default)]
pub struct LastAttempt {
    /// What was looked up.
    pub looked_up: Option<LookedUp>,
    /// Nodes that stand behind others.
    pub unbound: Vec<NodeName>,
}

#[cfg(test)]
#[path = "tests/attempt.rs"]
mod tests;
