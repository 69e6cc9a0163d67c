//! A kind that a cluster may not serve, and that this process may not read.

use std::fmt::Display;

use super::health::Health;
use super::watched::Watched;
use crate::state::Event;
use crate::store::Store;

/// Goes on without a kind that this process may not read. Objects that were read before stay.
pub(super) fn go_without<K: Watched>(store: &Store, health: &Health, problem: &dyn Display) {
    health.answered();
    if health.is_listed() {
        tracing::debug!(kind = K::KIND, %problem, "the kind may still not be read");
        return;
    }
    store.apply([Event::listed(Vec::<K::Projected>::new())]);
    health.list_is_complete();
    tracing::error!(kind = K::KIND, %problem, "the kind may not be read: {}; allow list and watch", K::WITHOUT);
}
