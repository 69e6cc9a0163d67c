//! A token bucket: a burst, then one token a period.

use std::time::{Duration, Instant};

/// Bounds how often something happens. The caller brings the clock.
#[derive(Debug)]
pub(super) struct TokenBucket {
    capacity: u32,
    period: Duration,
    tokens: u32,
    refilled: Instant,
}

impl TokenBucket {
    /// A full bucket of `capacity` tokens that gains one token a `period`.
    pub(super) fn new(capacity: u32, period: Duration, now: Instant) -> Self {
        Self { capacity, period, tokens: capacity, refilled: now }
    }

    /// Takes a token; false where none is left.
    pub(super) fn try_take(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.refilled);
        let gained = u32::try_from(elapsed.as_nanos() / self.period.as_nanos().max(1)).unwrap_or(u32::MAX);
        // The rest of a period counts towards the next token.
        self.refilled += self.period * gained;
        self.tokens = self.tokens.saturating_add(gained).min(self.capacity);
        let Some(left) = self.tokens.checked_sub(1) else { return false };
        self.tokens = left;
        true
    }
}

#[cfg(test)]
#[path = "tests/rate_limit.rs"]
mod tests;
