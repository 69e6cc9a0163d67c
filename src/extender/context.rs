//! The inputs of filter and prioritize.

use std::fmt;
use std::sync::Arc;

use super::attempt::LastAttempt;
use crate::model::Pe;
use crate::placement::{Foresight, GangState, PlacementDecision, plan_gang};
use crate::policy::PolicySet;
use crate::state::Snapshot;

/// The inputs of filter and prioritize.
#[derive(Clone, Copy)]
pub struct SchedulingContext<'a> {
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    /// The snapshot with reserved PEs placed, where other pods have reservations.
    pub with_reservations: Option<&'a Snapshot>,
    /// The policies in force.
    pub policies: &'a PolicySet,
    /// The state of the pod's last attempt.
    pub last_attempt: &'a LastAttempt,
    /// Plans the gang of a PE, or returns the cached plan of this snapshot.
    pub plan_gang: &'a dyn Fn(&Arc<Pe>, &Snapshot) -> GangState,
    /// True where filter may return the best node alone.
    pub filter_decides: bool,
    /// True where kube-scheduler asks: the nodes have passed its own filters, and they are all such nodes, so that filter
    /// learns from the nodes that are missing.
    pub asked_by_kube_scheduler: bool,
}

impl fmt::Debug for SchedulingContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchedulingContext").field("snapshot", &self.snapshot.version()).finish_non_exhaustive()
    }
}

impl<'a> SchedulingContext<'a> {
    /// A context without reservations, earlier attempts and cached plans.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, policies: &'a PolicySet) -> Self {
        const NONE: &LastAttempt = &LastAttempt { cached_cycle: None, unbound: Vec::new() };
        Self {
            snapshot,
            with_reservations: None,
            policies,
            last_attempt: NONE,
            plan_gang: &plan_gang,
            filter_decides: true,
            asked_by_kube_scheduler: false,
        }
    }

    /// The snapshot that decisions are made in: with reserved PEs placed.
    pub(super) fn decision_snapshot(&self) -> &'a Snapshot {
        self.with_reservations.unwrap_or(self.snapshot)
    }

    /// Resumes the decision about a PE in a snapshot that was prepared for the PE, or makes a new decision.
    pub(super) fn decide<'s>(&self, pe: &Arc<Pe>, snapshot: &'s Snapshot) -> PlacementDecision<'s> {
        let resumed =
            self.last_attempt.cached_cycle.as_ref().and_then(|cached_cycle| cached_cycle.resume(pe, snapshot));
        resumed.unwrap_or_else(|| PlacementDecision::new(pe, snapshot, Foresight::Gang((self.plan_gang)(pe, snapshot))))
    }
}
