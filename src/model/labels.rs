//! Labels and annotations, kept as one sorted block.

use std::fmt;
use std::sync::Arc;

/// A set of key and value pairs: labels, or the annotations that a decision reads.
///
/// One allocation for the block and cheap to clone; look-up is a binary search.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Labels(Arc<[(Box<str>, Box<str>)]>);

impl Labels {
    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| &**value)
    }

    /// All pairs, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The rest of every key that begins with `prefix`, sorted.
    pub fn suffixes<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter_map(move |(key, _)| key.strip_prefix(prefix))
    }

    /// True when there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut block: Vec<(Box<str>, Box<str>)> =
            iter.into_iter().map(|(key, value)| (Box::from(key.as_ref()), Box::from(value.as_ref()))).collect();
        // A stable sort and the last of equal keys wins, as in a JSON object read by Kubernetes.
        block.sort_by(|(left, _), (right, _)| left.cmp(right));
        block.reverse();
        block.dedup_by(|(later, _), (earlier, _)| later == earlier);
        block.reverse();
        Self(block.into())
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
