//! The health of one watch.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::list_watch::SILENCE;
use crate::telemetry;

/// The health of one watch: whether its kind has been listed, and since when the watch fails.
///
/// A watch that shows nothing fails too: see [`SILENCE`].
#[derive(Debug)]
pub(super) struct Health {
    kind: &'static str,
    listed: AtomicBool,
    failing: Mutex<Option<Failing>>,
    /// The last time at which the API server has shown something; `None` before the first list.
    last_shown: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    /// The last error.
    problem: String,
}

impl Health {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, listed: AtomicBool::new(false), failing: Mutex::new(None), last_shown: Mutex::new(None) }
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

    /// How long the watch has been failing; `None` while the watch is healthy.
    pub(super) fn failing_for(&self) -> Option<Duration> {
        let failing = self.failing().as_ref().map(|failing| failing.since.elapsed());
        // The task of the watch may be late itself.
        let silent = self.last_shown().map(|shown| shown.elapsed()).filter(|silent| *silent > SILENCE);
        failing.max(silent)
    }

    /// The error of the last attempt; `None` while the watch is healthy.
    pub(super) fn problem(&self) -> Option<String> {
        self.failing().as_ref().map(|failing| failing.problem.clone())
    }

    /// The API server has shown something.
    pub(super) fn answered(&self) {
        *self.failing() = None;
        *self.last_shown() = Some(clock());
    }

    /// An attempt has failed at this moment.
    pub(super) fn failed(&self, error: &dyn Display) {
        self.failed_since(clock(), error);
    }

    /// The watch was silent: what it has shown last is as old as the silence.
    pub(super) fn was_silent(&self, error: &dyn Display) {
        let since = self.last_shown().unwrap_or_else(clock);
        self.failed_since(since, error);
    }

    fn failed_since(&self, since: Instant, error: &dyn Display) {
        let problem = error.to_string();
        let mut failing = self.failing();
        let since = failing.as_ref().map_or(since, |failing| failing.since);
        *failing = Some(Failing { since, problem });
    }

    pub(super) fn cannot_read(&self, object: &str, problem: &str) {
        telemetry::undecodable(self.kind);
        tracing::warn!(
            kind = self.kind,
            object,
            problem,
            "an object cannot be read; its last version that could be read counts"
        );
    }

    fn failing(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_shown(&self) -> MutexGuard<'_, Option<Instant>> {
        self.last_shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "the age of the view is measured by this clock")]
fn clock() -> Instant {
    Instant::now()
}

#[cfg(test)]
#[path = "tests/health.rs"]
mod tests;
