//! When this process may take the lease, what it writes into the lease, and for how long it may then write.
//!
//! The caller brings the clocks and the API server's object, so that every decision here is a plain function.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

/// How long the lease lasts after a renewal.
pub(super) const DURATION: Duration = Duration::from_secs(6);
/// The holder stops writing this long before another process may take the lease: a write in flight has ended by then.
pub(super) const MARGIN: Duration = Duration::from_secs(2);

/// The claim of one process on the lease.
#[derive(Debug)]
pub(super) struct LeaseClaim {
    holder: String,
    held_until: Option<Instant>,
    observed: Option<Observed>,
}

/// The spec that another holder wrote, and the local time at which this process first saw it. The times in the spec are
/// by the clock of another machine and are never compared with this one.
#[derive(Debug)]
struct Observed {
    spec: LeaseSpec,
    since: Instant,
}

impl LeaseClaim {
    /// A claim of `holder`, whose name no other process has.
    pub(super) fn new(holder: String) -> Self {
        Self { holder, held_until: None, observed: None }
    }

    /// The name of this process in the lease.
    pub(super) fn holder(&self) -> &str {
        &self.holder
    }

    /// True while no other process can hold the lease.
    pub(super) fn is_held(&self, now: Instant) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// The spec to write in order to gain or renew the lease; `None` while the lease of another process lasts.
    pub(super) fn spec_to_write(
        &mut self,
        found: Option<&LeaseSpec>,
        now: Instant,
        wall_clock: Timestamp,
    ) -> Option<LeaseSpec> {
        let found = found.cloned().unwrap_or_default();
        let is_own = found.holder_identity.as_deref() == Some(&self.holder);
        let is_free = found.holder_identity.as_deref().is_none_or(str::is_empty);
        if !is_own && !is_free && !self.has_expired(&found, now) {
            return None;
        }
        let renewed = MicroTime(wall_clock);
        let transitions = found.lease_transitions.unwrap_or_default();
        let acquired = found.acquire_time.filter(|_| is_own).unwrap_or_else(|| renewed.clone());
        Some(LeaseSpec {
            holder_identity: Some(self.holder.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: Some(acquired),
            renew_time: Some(renewed),
            lease_transitions: Some(if is_own { transitions } else { transitions.saturating_add(1) }),
            ..LeaseSpec::default()
        })
    }

    /// True once the lease of another process has not changed for as long as that process asked for.
    fn has_expired(&mut self, found: &LeaseSpec, now: Instant) -> bool {
        match &self.observed {
            Some(observed) if observed.spec == *found => {
                let seconds = found.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
                let duration = seconds.map_or(DURATION, Duration::from_secs);
                now.saturating_duration_since(observed.since) > duration
            }
            Some(_) | None => {
                self.observed = Some(Observed { spec: found.clone(), since: now });
                false
            }
        }
    }

    /// The API server took a spec of this process. `begun` is from before the write: other processes may have seen the
    /// spec at any moment since.
    pub(super) fn renewed(&mut self, begun: Instant) {
        self.held_until = Some(begun + DURATION.saturating_sub(MARGIN));
    }

    /// Another process holds the lease, or this one gives it up.
    pub(super) fn lost(&mut self) {
        self.held_until = None;
    }

    /// The spec that frees the lease for the next process; `None` where another process holds it.
    pub(super) fn released_spec(&self, found: LeaseSpec) -> Option<LeaseSpec> {
        let is_own = found.holder_identity.as_deref() == Some(&self.holder);
        is_own.then_some(LeaseSpec { holder_identity: None, ..found })
    }
}

#[cfg(test)]
#[path = "tests/lease_claim.rs"]
mod tests;
