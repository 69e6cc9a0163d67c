//! A label whose values users choose: it has a bounded number of values (docs/design.md, D15).

use std::collections::BTreeSet;

/// The most values of a label. A series is kept for as long as the process runs.
const MOST: usize = 256;
/// The longest value, in bytes.
const LONGEST: usize = 256;
/// The value in place of further ones. No pool has a name without a namespace.
const OTHER: &str = "other";

/// The values that a label has had.
#[derive(Debug)]
pub(super) struct BoundedLabel(BTreeSet<Box<str>>);

impl BoundedLabel {
    pub(super) const fn new() -> Self {
        Self(BTreeSet::new())
    }

    /// The value to record: the first values as they are, and `other` in place of all later ones.
    pub(super) fn value(&mut self, wanted: &str) -> String {
        let is_known = self.0.contains(wanted);
        if !is_known && (self.0.len() >= MOST || wanted.len() > LONGEST) {
            return OTHER.to_owned();
        }
        if !is_known {
            self.0.insert(wanted.into());
        }
        wanted.to_owned()
    }
}

#[cfg(test)]
#[path = "tests/bounded_label.rs"]
mod tests;
