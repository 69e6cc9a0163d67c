//! One copy of each value that many objects have.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

/// Every value in use, and some that are not in use any more.
#[derive(Debug)]
pub(super) struct Interner<T: ?Sized> {
    known: HashSet<Arc<T>, ahash::RandomState>,
    /// At this size, values that are not in use are removed.
    full: usize,
}

/// The smallest size at which values are removed.
const FEW: usize = 64;

impl<T: ?Sized> Default for Interner<T> {
    fn default() -> Self {
        Self { known: HashSet::default(), full: FEW }
    }
}

impl<T: Eq + Hash + ?Sized> Interner<T> {
    /// The shared copy of a value; `None` where no object has the value.
    pub(super) fn find(&self, value: &T) -> Option<Arc<T>> {
        self.known.get(value).map(Arc::clone)
    }

    /// The shared copy of a value: an earlier copy where one exists, else this one.
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
