//! How long to wait before a source that gave nothing is asked again.

use std::time::Duration;

/// Doubles from one second to a bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_secs(1);

    pub(super) fn up_to(longest: Duration) -> Self {
        Self { next: Self::FIRST.min(longest), longest }
    }

    /// The next pause.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        pause
    }
}
