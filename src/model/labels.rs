//! Labels and annotations, kept as one sorted text.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A set of key and value pairs: labels, or the annotations that a decision reads.
///
/// One allocation, and cheap to clone: every pod of the cluster has a set. A look-up walks through a short text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Labels(Arc<str>);

/// The end of every key and every value. No key and no value of a label contains this character.
const END: u8 = 0;

impl Labels {
    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        for (known, value) in self.iter() {
            match known.cmp(key) {
                Ordering::Less => {}
                Ordering::Equal => return Some(value),
                Ordering::Greater => return None,
            }
        }
        None
    }

    /// All pairs, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let (key, values) = split_at_end(rest)?;
            let (value, others) = split_at_end(values)?;
            rest = others;
            Some((key, value))
        })
    }

    /// What follows `prefix` in every key that begins with it, sorted.
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
    /// A NUL in the value of an annotation is replaced, since NUL ends texts here. No valid value contains one.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut pairs: Vec<(K, V)> = iter.into_iter().collect();
        // A stable sort and the last of equal keys wins, as in a JSON object read by Kubernetes.
        pairs.sort_by(|(left, _), (right, _)| left.as_ref().cmp(right.as_ref()));
        pairs.reverse();
        pairs.dedup_by(|(later, _), (earlier, _)| later.as_ref() == earlier.as_ref());
        let mut text = String::new();
        for (key, value) in pairs.iter().rev() {
            for part in [key.as_ref(), value.as_ref()] {
                if part.as_bytes().contains(&END) {
                    text.push_str(&part.replace(char::from(END), "\u{fffd}"));
                } else {
                    text.push_str(part);
                }
                text.push(char::from(END));
            }
        }
        if text.is_empty() { Self::default() } else { Self(text.into()) }
    }
}

/// The text before the first [`END`], and the text after.
#[inline]
fn split_at_end(text: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr(END, text.as_bytes())?;
    Some((text.get(..end)?, text.get(end.checked_add(1)?..)?))
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
#[path = "tests/labels.rs"]
mod tests;
