//! Reservations: nodes that were chosen for PEs which are not bound yet. Decisions that follow count with them; they
//! promise nothing.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::node_state::NodeIndex;
use super::snapshot::Snapshot;
use crate::model::{NodeName, Pe, PodUid};

/// How long a reservation counts. A scheduling cycle and its bind take milliseconds, and kube-scheduler reports no cycle
/// that it drops.
const LIFETIME: SignedDuration = SignedDuration::from_secs(5);
/// How many reservations are kept: more can only be outstanding when binds fail.
const CAPACITY: usize = 1_024;

/// Where PEs will probably go: reserved when filter or prioritize chooses a node, replaced by the next reservation, and
/// given back at bind.
///
/// kube-scheduler begins the next cycle before the bind of the last one reaches the extender. Without reservations, one PE
/// after another would be sent to the same best node, and to nodes that a bind then rejects.
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
    /// Reserves a node for each of these PEs, in place of earlier reservations for the same pods.
    pub fn reserve(&mut self, places: impl IntoIterator<Item = (Arc<Pe>, NodeName)>, now: Timestamp) {
        let expires = now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX);
        let places: Vec<(Arc<Pe>, NodeName)> = places.into_iter().collect();
        let replaced: BTreeSet<&PodUid> = places.iter().map(|(pe, _)| &pe.pod.key.uid).collect();
        let is_kept = |known: &Reservation| known.expires > now && !replaced.contains(&known.pe.pod.key.uid);
        self.reservations.retain(is_kept);
        self.reservations.extend(places.into_iter().map(|(pe, node)| Reservation { pe, node, expires }));
        self.reservations.drain(..self.reservations.len().saturating_sub(CAPACITY));
    }

    /// Gives the reservations of these pods back.
    pub fn unreserve_all(&mut self, is_over: impl Fn(&PodUid) -> bool) {
        self.reservations.retain(|reservation| !is_over(&reservation.pe.pod.key.uid));
    }

    /// Gives the reservation for a pod back: the pod was assumed on a node, or rejected.
    pub fn unreserve(&mut self, uid: &PodUid) {
        self.reservations.retain(|reservation| reservation.pe.pod.key.uid != *uid);
    }

    /// The snapshot in which reserved PEs are placed, but for the pod in question; `None` where no reservation counts at
    /// `now`. kube-scheduler adds nominated pods before its filters in the same way.
    #[must_use]
    pub fn with_reservations(&self, snapshot: &Snapshot, question: &PodUid, now: Timestamp) -> Option<Snapshot> {
        let counts = |reservation: &&Reservation| reservation.expires > now;
        let mut own = None;
        let mut placements: Vec<(Arc<Pe>, NodeIndex)> = Vec::new();
        for reservation in self.reservations.iter().filter(counts) {
            let Some(node) = snapshot.find(reservation.node.as_str()) else { continue };
            if reservation.pe.pod.key.uid == *question {
                own = Some((question, node));
            } else {
                placements.push((Arc::clone(&reservation.pe), node));
            }
        }
        (!placements.is_empty()).then(|| snapshot.with_cycles_in_flight(&placements, own))
    }

    /// How many reservations are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reservations.len()
    }

    /// True when no reservation is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reservations.is_empty()
    }
}

#[cfg(test)]
#[path = "tests/reservations.rs"]
mod tests;
