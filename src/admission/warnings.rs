//! Warnings to the user in the answer to a review.

use super::text::one_line;

/// Warnings: short, without duplicates, in the order in which the rules add them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Warnings(Vec<String>);

/// The longest warning that Kubernetes recommends.
const MOST_CHARACTERS: usize = 120;
/// The most warnings of one answer: each becomes an HTTP header.
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
