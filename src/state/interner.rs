//! One copy of each value that many have.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

/// Every value in use, and some that are not any more.
#[derive(Debug)]
pub(super) struct Interner<T: ?Sized> {
    known: HashSet<Arc<T>, ahash::RandomState>,
    /// From this size on those that nobody uses are looked for.
    full: usize,
}

/// Fewer are not worth the look.
const FEW: usize = 64;

impl<T: ?Sized> Default for Interner<T> {
    fn default() -> Self {
        Self { known: HashSet::default(), full: FEW }
    }
}

impl<T: Eq + Hash + ?Sized> Interner<T> {
    /// The copy that all with this value share; `None` where nobody has had it for certain.
    pub(super) fn find(&self, value: &T) -> Option<Arc<T>> {
        self.known.get(value).map(Arc::clone)
    }

    /// The copy that all with this value share.
    pub(super) fn share(&mut self, own: Arc<T>) -> Arc<T> {
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
#[path = "tests/interner.rs"]
mod tests;
