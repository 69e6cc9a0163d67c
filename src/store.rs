//! The state of one process: changed under a lock, and published for readers that take no lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::Notify;

use crate::extender::Attempts;
use crate::model::{Pe, PodUid};
use crate::placement::{GangPlans, GangState, plan_gang};
use crate::policy::PolicySet;
use crate::state::{Change, Cluster, Event, Reservations, Snapshot};

/// A published state of the cluster: requests read it without a lock.
#[derive(Debug, Default)]
pub struct ClusterView {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The policies by which the pods of the snapshot were read.
    pub policies: PolicySet,
}

/// The state of one process.
#[derive(Debug)]
pub struct Store {
    cluster: Mutex<Cluster>,
    published: ArcSwap<ClusterView>,
    changed: Notify,
    reservations: Mutex<Reservations>,
    attempts: Mutex<Attempts>,
    gang_plans: Mutex<GangPlans>,
}

impl Store {
    /// Creates the state of an empty cluster with these policies.
    #[must_use]
    pub fn new(policies: PolicySet) -> Self {
        let view = ClusterView { snapshot: Snapshot::default(), policies: policies.clone() };
        Self {
            cluster: Mutex::new(Cluster::new(policies)),
            published: ArcSwap::from_pointee(view),
            changed: Notify::new(),
            reservations: Mutex::default(),
            attempts: Mutex::default(),
            gang_plans: Mutex::default(),
        }
    }

    /// The last published view. Takes no lock.
    pub fn view(&self) -> Guard<Arc<ClusterView>> {
        self.published.load()
    }

    /// Applies events to the cluster, and publishes one view after all of them.
    pub fn apply(&self, events: impl IntoIterator<Item = Event>) {
        let mut gone: Vec<PodUid> = Vec::new();
        self.change(|cluster| {
            for event in events {
                if let Event::Pod(Change::Gone(uid)) = &event {
                    gone.push(uid.clone());
                }
                cluster.apply(event);
            }
        });
        if !gone.is_empty() {
            let mut attempts = self.attempts();
            for uid in &gone {
                attempts.take(uid);
            }
        }
    }

    /// Changes the cluster under its lock, and publishes a view where the version has changed.
    pub fn change<T>(&self, change: impl FnOnce(&mut Cluster) -> T) -> T {
        let mut cluster = lock(&self.cluster);
        let before = cluster.snapshot().version();
        let outcome = change(&mut cluster);
        if cluster.snapshot().version() != before {
            let view = ClusterView { snapshot: cluster.snapshot().clone(), policies: cluster.policies().clone() };
            // Published under the lock, so that an earlier change never replaces a later one.
            self.published.store(Arc::new(view));
            self.changed.notify_waiters();
        }
        outcome
    }

    /// Reads the cluster under its lock, for state that a view does not hold.
    pub fn read<T>(&self, read: impl FnOnce(&Cluster) -> T) -> T {
        read(&lock(&self.cluster))
    }

    /// Reads the cluster now and after each change until `read` returns a value; `None` after `timeout`.
    pub async fn wait_for<T>(&self, timeout: Duration, read: impl Fn(&Cluster) -> Option<T>) -> Option<T> {
        let found = async {
            loop {
                // Registered before the read, so that a change between the read and the wait is not missed.
                let changed = self.changed.notified();
                let found = self.read(&read);
                if let Some(found) = found {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(timeout, found).await.ok()
    }

    /// The nodes that are reserved for PEs.
    pub fn reservations(&self) -> MutexGuard<'_, Reservations> {
        lock(&self.reservations)
    }

    /// Plans the gang of a PE, or returns the cached plan of this snapshot. No lock is held while a plan is made.
    pub fn plan_gang(&self, pe: &Arc<Pe>, snapshot: &Snapshot) -> GangState {
        if let Some(known) = lock(&self.gang_plans).get(pe, snapshot) {
            return known;
        }
        let state = plan_gang(pe, snapshot);
        lock(&self.gang_plans).put(pe, snapshot, state.clone());
        state
    }

    /// The last scheduling attempts of all pods.
    pub fn attempts(&self) -> MutexGuard<'_, Attempts> {
        lock(&self.attempts)
    }
}

/// Locks a mutex. A poisoned mutex is safe to use: entries are replaced as a whole, and a watch delivers them again.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "tests/store.rs"]
mod tests;
