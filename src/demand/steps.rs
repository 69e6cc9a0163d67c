//! The steps of the wall clock at which measurements are read.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long one wait lasts at most, so that a clock that was set and a policy that was changed are seen soon.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The number of the last step that has ended at this time. Steps are numbered from the Unix epoch.
pub(super) fn ended_step(step: SignedDuration, now: Timestamp) -> i64 {
    now.as_second().div_euclid(step.as_secs().max(1))
}

/// The end of the step of this number.
pub(super) fn end_of(step: SignedDuration, number: i64) -> Timestamp {
    Timestamp::from_second(number.saturating_mul(step.as_secs())).unwrap_or_default()
}

/// Waits until this time, at most [`LONGEST_WAIT`]. True once it has come.
pub(super) async fn wait_until(time: Timestamp) -> bool {
    let left = time.duration_since(now());
    if !left.is_positive() {
        return true;
    }
    tokio::time::sleep(left.unsigned_abs().min(LONGEST_WAIT)).await;
    time <= now()
}

#[expect(clippy::disallowed_methods, reason = "measurements are read by this clock")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
