//! One copy of what pods ask of nodes: thousands of pods of one template share it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::Eligibility;

/// Every value in use, and some that are not any more.
#[derive(Debug, Default)]
pub(super) struct Eligibilities {
    known: HashSet<Arc<Eligibility>, ahash::RandomState>,
    /// From this size on those that nobody uses are looked for.
    full: usize,
}

/// Fewer are not worth the look.
const FEW: usize = 64;

impl Eligibilities {
    /// The copy that all pods with this value share.
    pub(super) fn share(&mut self, own: Arc<Eligibility>) -> Arc<Eligibility> {
        if let Some(known) = self.known.get(&own) {
            return Arc::clone(known);
        }
        if self.known.len() >= self.full {
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.full = self.known.len().saturating_mul(2).max(FEW);
        }
        self.known.insert(Arc::clone(&own));
        own
    }
}

#[cfg(test)]
#[path = "tests/eligibilities.rs"]
mod tests;
