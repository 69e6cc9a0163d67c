//! What filter and prioritize decide by.

use std::fmt;
use std::sync::Arc;

use super::attempt::LastAttempt;
use crate::model::Pe;
use crate::placement::{Decision, Foresight, GangState, plan_gang};
use crate::policy::PolicySet;
use crate::state::Snapshot;

/// What filter and prioritize decide by.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The cluster.
    pub snapshot: &'a Snapshot,
    /// The cluster with reserved PEs placed, where there are reservations of other pods.
    pub with_reservations: Option<&'a Snapshot>,
    /// The policies in force.
    pub policies: &'a PolicySet,
    /// What the last attempt of the pod left behind.
    pub last_attempt: &'a LastAttempt,
    /// Plans the gang of a PE, or finds the plan that was made in this snapshot.
    pub plan_gang: &'a dyn Fn(&Arc<Pe>, &Snapshot) -> GangState,
    /// Whether filter may name the best node alone where no score of kube-scheduler's own could choose another.
    pub filter_decides: bool,
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("snapshot", &self.snapshot.key()).finish_non_exhaustive()
    }
}

impl<'a> View<'a> {
    /// A view without reservations and earlier attempts, in which gangs are planned anew.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, policies: &'a PolicySet) -> Self {
        const NONE: &LastAttempt = &LastAttempt { looked_up: None, unbound: Vec::new() };
        Self {
            snapshot,
            with_reservations: None,
            policies,
            last_attempt: NONE,
            plan_gang: &plan_gang,
            filter_decides: true,
        }
    }

    /// The cluster as decisions see it: with reserved PEs placed.
    pub(super) fn expected(&self) -> &'a Snapshot {
        self.with_reservations.unwrap_or(self.snapshot)
    }

    /// The decision about a PE in one of the two snapshots.
    pub(super) fn decide(&self, pe: &Arc<Pe>, snapshot: &'a Snapshot) -> Decision<'a> {
        let resumed = self.last_attempt.looked_up.as_ref().and_then(|looked_up| looked_up.resume(pe, snapshot));
        resumed.unwrap_or_else(|| Decision::new(pe, snapshot, Foresight::Gang((self.plan_gang)(pe, snapshot))))
    }
}
