//! Scheduling attempts: what filter and prioritize found for a pod, kept until its bind.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::{NodeName, Pe, PodUid, Reason};
use crate::placement::{CycleState, GangPlan, PlacementDecision, RankedNode};
use crate::state::{NodeIndex, Snapshot, SnapshotKey};

/// How many attempts are kept. A bind removes the attempt of its pod, so older attempts belong to pods that are not bound.
const CAPACITY: usize = 4_096;
/// How many of the best nodes an attempt keeps.
pub(super) const MAX_KEPT_NODES: usize = 3;
/// A pod that is tried again after this time was not bound to the node that filter returned alone.
const UNBOUND_AFTER: SignedDuration = SignedDuration::from_secs(2);
/// How many nodes an attempt keeps to which kube-scheduler did not bind the pod.
const MAX_UNBOUND: usize = 8;

/// The result of one scheduling cycle of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// The version of the snapshot that the pod was filtered in.
    pub version: u64,
    /// How many nodes filter evaluated.
    pub evaluated_nodes: usize,
    /// How many nodes were rejected, by reason.
    pub rejected: BTreeMap<Reason, usize>,
    /// The best nodes; none where no node passed, or before prioritize.
    pub choice: Choice,
    /// True where filter returned the best node alone, so that kube-scheduler could choose no other.
    pub named_best_alone: bool,
    /// Nodes that filter returned alone in earlier cycles and to which kube-scheduler did not bind the pod.
    pub unbound: Vec<NodeName>,
    /// The cycle state of the decision, for use in the same snapshot.
    pub cached_cycle: Option<CachedCycle>,
}

/// The cycle state of a decision, with the key of its snapshot.
#[derive(Clone, Debug)]
pub struct CachedCycle {
    key: SnapshotKey,
    cycle: Arc<CycleState>,
}

/// The best nodes for a PE at the time of the decision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// The nodes, best first.
    pub best: Vec<RankedNode>,
    /// The allocation of the PE's job in its sized pool with the PE on the best node, by name; none for other pools.
    pub allocation: Vec<NodeName>,
}

impl Choice {
    /// The choice from ranked nodes.
    pub(super) fn new(decision: &PlacementDecision<'_>, mut best: Vec<RankedNode>) -> Self {
        best.truncate(MAX_KEPT_NODES);
        let allocation = best.first().map(|first| decision.allocation_with(first.node)).unwrap_or_default();
        Self { best, allocation }
    }

    /// The choice from the nodes that passed. Nodes in `unbound` rank last.
    pub(super) fn from_passed(decision: &PlacementDecision<'_>, passed: &[NodeIndex], unbound: &[NodeName]) -> Self {
        Self::new(decision, decision.rank_best(MAX_KEPT_NODES, passed, unbound).best)
    }
}

impl CachedCycle {
    /// Keeps the cycle state of a decision in this snapshot.
    #[must_use]
    pub fn new(decision: &PlacementDecision<'_>, snapshot: &Snapshot) -> Self {
        Self { key: snapshot.key(&decision.pe().job), cycle: Arc::clone(decision.cycle()) }
    }

    /// Resumes the decision about `pe`; `None` where the decision was made in another snapshot or for another pod.
    pub(super) fn resume<'a>(&self, pe: &Pe, snapshot: &'a Snapshot) -> Option<PlacementDecision<'a>> {
        let decision = || PlacementDecision::resume(Arc::clone(&self.cycle), snapshot);
        (self.key == snapshot.key(&pe.job)).then(decision).filter(|decision| **decision.pe() == *pe)
    }
}

// The facts about one PE in one snapshot are always the same.
impl PartialEq for CachedCycle {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.cycle.pe() == other.cycle.pe()
    }
}

impl Attempt {
    /// The node that filter named alone.
    fn named(&self) -> Option<&NodeName> {
        self.choice.best.first().filter(|_| self.named_best_alone).map(|best| &best.name)
    }

    /// The gang plan that filter used.
    #[must_use]
    pub fn gang_plan(&self) -> Option<&Arc<GangPlan>> {
        self.cached_cycle.as_ref()?.cycle.gang().plan()
    }

    /// The nodes that rank last in the next cycle. A pod that is tried again some time after filter returned one node was
    /// not bound to that node: a volume or a device may have failed there.
    fn unbound_after(&self, elapsed: SignedDuration) -> Vec<NodeName> {
        let mut unbound = self.unbound.clone();
        let was_named = self.named_best_alone && elapsed >= UNBOUND_AFTER;
        if let Some(best) = self.choice.best.first().filter(|best| was_named && !unbound.contains(&best.name)) {
            unbound.push(best.name.clone());
        }
        unbound.drain(..unbound.len().saturating_sub(MAX_UNBOUND));
        unbound
    }
}

/// The last attempts, by pod.
#[derive(Debug, Default)]
pub struct Attempts {
    by_pod: HashMap<PodUid, KeptAttempt, ahash::RandomState>,
    /// The pods of the attempts by number, the oldest first.
    order: BTreeMap<u64, PodUid>,
    next: u64,
}

#[derive(Debug)]
struct KeptAttempt {
    attempt: Attempt,
    /// Since when filter has named the same node alone.
    since: Timestamp,
    number: u64,
}

impl Attempts {
    /// Records a new attempt, as filter found it at `now`. A node that is named again has been named since the first time.
    pub fn record_filter(&mut self, uid: &PodUid, attempt: Attempt, now: Timestamp) {
        let last = self.forget(uid);
        let last = last.filter(|last| last.attempt.named().is_some() && last.attempt.named() == attempt.named());
        let since = last.map_or(now, |last| last.since);
        let number = self.next;
        self.next += 1;
        self.order.insert(number, uid.clone());
        self.by_pod.insert(uid.clone(), KeptAttempt { attempt, since, number });
        while self.by_pod.len() > CAPACITY {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            self.by_pod.remove(&oldest);
        }
    }

    /// Records the choice of prioritize.
    pub fn record_choice(&mut self, uid: &PodUid, choice: Choice) {
        if let Some(kept) = self.by_pod.get_mut(uid) {
            kept.attempt.choice = choice;
        }
    }

    /// The state that the next verb for a pod resumes from at `now`.
    #[must_use]
    pub fn last_attempt(&self, uid: &PodUid, now: Timestamp) -> LastAttempt {
        self.by_pod.get(uid).map_or_else(LastAttempt::default, |KeptAttempt { attempt, since, .. }| LastAttempt {
            cached_cycle: attempt.cached_cycle.clone(),
            unbound: attempt.unbound_after(now.duration_since(*since)),
        })
    }

    /// How many nodes were rejected at the last attempt, by reason.
    #[must_use]
    pub fn rejected(&self, uid: &PodUid) -> Option<&BTreeMap<Reason, usize>> {
        self.by_pod.get(uid).map(|kept| &kept.attempt.rejected)
    }

    /// The version of the snapshot that the pod was last filtered in.
    #[must_use]
    pub fn decided_in(&self, uid: &PodUid) -> Option<u64> {
        self.by_pod.get(uid).map(|kept| kept.attempt.version)
    }

    /// Removes the attempt of a pod that is being bound, or is gone.
    pub fn take(&mut self, uid: &PodUid) -> Option<Attempt> {
        self.forget(uid).map(|kept| kept.attempt)
    }

    fn forget(&mut self, uid: &PodUid) -> Option<KeptAttempt> {
        let kept = self.by_pod.remove(uid)?;
        self.order.remove(&kept.number);
        Some(kept)
    }
}

/// The state that the last attempt of a pod passes to the next attempt, and filter to prioritize.
#[derive(Clone, Debug, Default)]
pub struct LastAttempt {
    /// The cycle state.
    pub cached_cycle: Option<CachedCycle>,
    /// Nodes that rank last.
    pub unbound: Vec<NodeName>,
}

#[cfg(test)]
#[path = "tests/attempt.rs"]
mod tests;
