//! The clocks of the controllers: they are read here, and every decision takes the time as an argument.

use std::time::Instant;

use jiff::Timestamp;

/// The clock of this process, for durations.
#[expect(clippy::disallowed_methods, reason = "the clock of the controllers is read here")]
pub(super) fn monotonic() -> Instant {
    Instant::now()
}

/// The clock of this machine, for times that people read.
#[expect(clippy::disallowed_methods, reason = "the clock of the controllers is read here")]
pub(super) fn wall_clock() -> Timestamp {
    Timestamp::now()
}
