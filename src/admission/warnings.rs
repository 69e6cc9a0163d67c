//! What the user is told beside the answer.

use super::text::one_line;

/// Warnings: short, each once, in the order in which they came up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Warnings(Vec<String>);

/// Kubernetes asks for at most this many.
const MOST_CHARACTERS: usize = 120;
/// A pod with a thousand mistakes is not worth a thousand headers.
const MOST: usize = 16;

impl Warnings {
    pub(super) fn add(&mut self, text: &str) {
        let warning = one_line(text, MOST_CHARACTERS);
        if self.0.len() < MOST && !self.0.contains(&warning) {
            self.0.push(warning);
        }
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

#[cfg(test)]
#[path = "tests/warnings.rs"]
mod tests;
