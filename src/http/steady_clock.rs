//! A clock that never steps: the time at which the process started, and what has elapsed since.

use std::sync::OnceLock;
use std::time::Instant;

use jiff::Timestamp;

/// The time by which reservations and attempts expire. A step of the machine's clock, back or forth, does not change it.
pub(super) fn steady_now() -> Timestamp {
    static STARTED: OnceLock<(Timestamp, Instant)> = OnceLock::new();
    let (at, since) = *STARTED.get_or_init(clock);
    at.saturating_add(since.elapsed()).unwrap_or(Timestamp::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the clock is read once for the process")]
fn clock() -> (Timestamp, Instant) {
    (Timestamp::now(), Instant::now())
}
