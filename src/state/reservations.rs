//! Placements that were proposed but not committed yet: what the decisions that follow expect, never a promise.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::snapshot::Snapshot;
use crate::model::{NodeName, Pe, PodUid};

/// How long a proposal counts. A scheduling cycle and its bind take milliseconds; nobody tells us of dropped cycles.
const LIFETIME: SignedDuration = SignedDuration::from_secs(5);
/// How many proposals are kept: more can only be outstanding when binds fail.
const CAPACITY: usize = 1_024;

/// Where PEs will probably go: written by prioritize, replaced by the next proposal or the commitment.
///
/// kube-scheduler begins the next cycle before the bind of the last one reaches us. Without this, one PE after another
/// would be sent to the same best node, and to nodes that a bind then refuses.
#[derive(Debug, Default)]
pub struct Reservations {
    reservations: VecDeque<Reservation>,
}

#[derive(Debug)]
struct Reservation {
    pe: Arc<Pe>,
    node: NodeName,
    expires: Timestamp,
}

impl Reservations {
    /// Notes that `pe` will probably go to `node`; an earlier proposal for the same pod is replaced.
    pub fn reserve(&mut self, pe: Arc<Pe>, node: NodeName, now: Timestamp) {
        self.withdraw(&pe.pod.key.uid);
        self.reservations.retain(|reservation| reservation.expires > now);
        if self.reservations.len() >= CAPACITY {
            self.reservations.pop_front();
        }
        let expires = now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX);
        self.reservations.push_back(Reservation { pe, node, expires });
    }

    /// Drops the proposal for a pod: it was committed, or refused.
    pub fn withdraw(&mut self, uid: &PodUid) {
        self.reservations.retain(|reservation| reservation.pe.pod.key.uid != *uid);
    }

    /// The cluster as it will be once everything is committed that is proposed at `now`, but for a proposal for the pod
    /// in question; `None` where that is the cluster as it is.
    #[must_use]
    pub fn with_reservations(&self, snapshot: &Snapshot, question: &PodUid, now: Timestamp) -> Option<Snapshot> {
        let mut with_reservations = None;
        for Reservation { pe, node, expires } in &self.reservations {
            if *expires > now
                && pe.pod.key.uid != *question
                && let Some(index) = snapshot.find(node.as_str())
            {
                with_reservations.get_or_insert_with(|| snapshot.clone()).expect(pe, index);
            }
        }
        with_reservations
    }

    /// How many proposals are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reservations.len()
    }

    /// True when none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reservations.is_empty()
    }
}

#[cfg(test)]
#[path = "tests/reservations.rs"]
mod tests;
