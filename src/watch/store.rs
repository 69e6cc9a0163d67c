//! The state of one process: written under a lock, read without one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::Notify;

use crate::extender::Attempts;
use crate::model::Pe;
use crate::placement::{GangPlans, GangState, plan_gang};
use crate::policy::PolicySet;
use crate::state::{Cluster, Event, Reservations, Snapshot};

/// What requests are answered from: one cluster and the policies that read it, always of one moment.
#[derive(Debug, Default)]
pub struct View {
    /// The cluster.
    pub snapshot: Snapshot,
    /// The policies in force.
    pub policies: PolicySet,
}

/// The state of one process.
#[derive(Debug)]
pub struct Store {
    cluster: Mutex<Cluster>,
    published: ArcSwap<View>,
    changed: Notify,
    reservations: Mutex<Reservations>,
    attempts: Mutex<Attempts>,
    gang_plans: Mutex<GangPlans>,
}

impl Store {
    /// An empty cluster under these policies.
    #[must_use]
    pub fn new(policies: PolicySet) -> Self {
        let view = View { snapshot: Snapshot::default(), policies: policies.clone() };
        Self {
            cluster: Mutex::new(Cluster::new(policies)),
            published: ArcSwap::from_pointee(view),
            changed: Notify::new(),
            reservations: Mutex::default(),
            attempts: Mutex::default(),
            gang_plans: Mutex::default(),
        }
    }

    /// What requests are answered from at this moment. Cheap; holds no lock.
    pub fn view(&self) -> Guard<Arc<View>> {
        self.published.load()
    }

    /// Folds events in and publishes once.
    pub fn apply(&self, events: impl IntoIterator<Item = Event>) {
        self.change(|cluster| {
            for event in events {
                cluster.apply(event);
            }
        });
    }

    /// Changes the cluster under its lock and publishes what came of it.
    pub fn change<T>(&self, change: impl FnOnce(&mut Cluster) -> T) -> T {
        let mut cluster = lock(&self.cluster);
        let before = cluster.snapshot().version();
        let outcome = change(&mut cluster);
        if cluster.snapshot().version() != before {
            let view = View { snapshot: cluster.snapshot().clone(), policies: cluster.policies().clone() };
            // Published under the lock: a later change is never overtaken by an earlier one.
            self.published.store(Arc::new(view));
            self.changed.notify_waiters();
        }
        outcome
    }

    /// Looks at the cluster under its lock: for what the published view does not hold.
    pub fn look<T>(&self, look: impl FnOnce(&Cluster) -> T) -> T {
        look(&lock(&self.cluster))
    }

    /// Waits until the cluster is as `look` wants it, and returns what it found; `None` when that takes longer than
    /// `limit`.
    pub async fn until<T>(&self, limit: Duration, look: impl Fn(&Cluster) -> Option<T>) -> Option<T> {
        let found = async {
            loop {
                // Made before the look: a change between the look and the wait is not missed.
                let changed = self.changed.notified();
                let seen = look(&lock(&self.cluster));
                if let Some(found) = seen {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(limit, found).await.ok()
    }

    /// Placements that were proposed but not committed.
    pub fn reservations(&self) -> MutexGuard<'_, Reservations> {
        lock(&self.reservations)
    }

    /// Plans the gang of a PE, or finds the plan that was made in this snapshot. No lock is held while a plan is made.
    pub fn plan_gang(&self, pe: &Arc<Pe>, snapshot: &Snapshot) -> GangState {
        if let Some(known) = lock(&self.gang_plans).get(pe, snapshot) {
            return known;
        }
        let state = plan_gang(pe, snapshot);
        lock(&self.gang_plans).put(pe, snapshot, state.clone());
        state
    }

    /// What the last scheduling cycles found.
    pub fn attempts(&self) -> MutexGuard<'_, Attempts> {
        lock(&self.attempts)
    }
}

/// A panic while the lock was held cannot leave the state half changed in a way that is worse than stopping: every
/// entry is replaced as a whole, and the watch brings it again.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
