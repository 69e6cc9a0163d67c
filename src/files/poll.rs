//! The polling loop of every file, and what of a poll is new.

use std::convert::Infallible;
use std::fmt::Display;
use std::time::Duration;

/// Calls `read_again` at once, and then once every `period`.
#[expect(clippy::infinite_loop, reason = "the type says so; the lint does not see it in an async function")]
pub(super) async fn poll(period: Duration, mut read_again: impl FnMut()) -> Infallible {
    let mut ticks = tokio::time::interval(period);
    loop {
        ticks.tick().await;
        read_again();
    }
}

/// What the last poll read: the content, or the text of an error.
#[derive(Debug)]
pub(super) struct LastRead<T>(Option<Result<T, String>>);

impl<T> Default for LastRead<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone + PartialEq> LastRead<T> {
    /// Returns what was read where it differs from the last poll; an error that repeats is reported once.
    pub(super) fn if_new<E: Display>(&mut self, read: Result<T, E>) -> Option<Result<T, E>> {
        let new = match &read {
            Ok(content) => Ok(content.clone()),
            Err(error) => Err(error.to_string()),
        };
        if self.0.as_ref() == Some(&new) {
            return None;
        }
        self.0 = Some(new);
        Some(read)
    }
}

#[cfg(test)]
#[path = "tests/poll.rs"]
mod tests;
