//! Values that are larger than any valid one.

use super::keys;

/// The value of a key of a placement spec that is larger than any valid one. The value itself is not kept: users may
/// write 256 KiB onto each pod, and pods are kept for as long as they exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OversizedValue {
    /// The key.
    pub key: &'static str,
    /// The number of parts of the list.
    pub parts: usize,
    /// The size of the value in bytes.
    pub bytes: usize,
}

impl OversizedValue {
    /// The largest value that is kept, in bytes: 64 parts of the longest name, each with a rate.
    pub const LARGEST: usize = 20 << 10;

    /// Measures the value of a key. `None` for a value that is kept, and for a key of no placement spec.
    #[must_use]
    pub fn measure(key: &str, value: &str) -> Option<Self> {
        let key = keys::PLACEMENT_SPEC.into_iter().find(|known| *known == key)?;
        Self::is_oversized(value).then(|| Self { key, parts: value.split(',').count(), bytes: value.len() })
    }

    /// True for a value that is not kept.
    #[must_use]
    pub fn is_oversized(value: &str) -> bool {
        value.len() > Self::LARGEST
    }
}
