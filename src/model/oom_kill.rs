//! A container that the kernel has killed because it used too much memory.

use std::sync::Arc;

use jiff::Timestamp;

use super::Bytes;

/// A container that the kernel has killed because it used too much memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OomKill {
    /// The name of the container.
    pub container: Arc<str>,
    /// The memory that the container had: its limit, otherwise its request; zero where it had neither.
    pub memory: Bytes,
    /// When the container ended.
    pub at: Timestamp,
}
