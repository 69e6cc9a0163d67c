//! Objects whose latest version cannot be read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ObjectId;

/// An object whose latest version cannot be read, or can be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableObject {
    /// The kind.
    pub kind: &'static str,
    /// The object.
    pub id: ObjectId,
    /// What is wrong; `None` once the object can be read, or is gone.
    pub problem: Option<Arc<str>>,
}

/// The problem of each object whose latest version cannot be read, by kind and identity. The last version that could be
/// read counts.
pub type Unreadable = BTreeMap<(&'static str, ObjectId), Arc<str>>;
