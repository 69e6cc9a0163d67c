//! The health of one watch.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::telemetry;

/// The health of one watch: whether its kind has been listed, and since when the watch fails.
#[derive(Debug)]
pub(super) struct Health {
    kind: &'static str,
    listed: AtomicBool,
    failing: Mutex<Option<Failing>>,
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    /// The last error.
    problem: String,
}

impl Health {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, listed: AtomicBool::new(false), failing: Mutex::new(None) }
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    pub(super) fn is_listed(&self) -> bool {
        self.listed.load(Ordering::Acquire)
    }

    pub(super) fn list_is_complete(&self) {
        self.listed.store(true, Ordering::Release);
    }

    /// The time since the first failure; `None` while the watch is healthy.
    pub(super) fn failing_for(&self) -> Option<Duration> {
        self.failing().as_ref().map(|failing| failing.since.elapsed())
    }

    /// The error of the last attempt; `None` while the watch is healthy.
    pub(super) fn problem(&self) -> Option<String> {
        self.failing().as_ref().map(|failing| failing.problem.clone())
    }

    pub(super) fn answered(&self) {
        *self.failing() = None;
    }

    #[expect(clippy::disallowed_methods, reason = "the age of the view is measured by this clock")]
    pub(super) fn failed(&self, error: &dyn Display) {
        let problem = error.to_string();
        let mut failing = self.failing();
        let since = failing.as_ref().map_or_else(Instant::now, |failing| failing.since);
        *failing = Some(Failing { since, problem });
    }

    pub(super) fn cannot_read(&self, error: &dyn Display) {
        telemetry::undecodable(self.kind);
        tracing::warn!(kind = self.kind, %error, "an object cannot be read and is ignored");
    }

    fn failing(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "tests/health.rs"]
mod tests;
