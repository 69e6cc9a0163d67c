//! Host pools.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{ObjectId, Tag};

/// A host pool: a named set of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Namespace and name.
    pub id: ObjectId,
    /// Which nodes qualify.
    pub members: PoolMembers,
    /// How jobs share the pool.
    pub mode: PoolMode,
}

/// Every pool of the cluster that can be used.
pub type Pools = BTreeMap<ObjectId, Arc<Pool>>;

/// Which nodes qualify for a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolMembers {
    /// Nodes that have **all** of these tags; without a tag, every node.
    Tagged(Vec<Tag>),
    /// These nodes, by name or address.
    Hosts(Vec<Box<str>>),
}

/// How jobs share a pool. An exclusive pool always has a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// Any number of jobs share all nodes that qualify.
    Shared,
    /// Any number of jobs share the nodes that qualify. Each job chooses at most this number of them.
    SharedSized(NonZeroU32),
    /// Each job has this number of nodes, and no PE of another job may run there.
    Exclusive(NonZeroU32),
}

impl PoolMode {
    /// The number of nodes that a job gets of a sized pool.
    #[must_use]
    pub fn size(self) -> Option<usize> {
        match self {
            Self::Shared => None,
            Self::SharedSized(size) | Self::Exclusive(size) => usize::try_from(size.get()).ok(),
        }
    }

    /// True for an exclusive pool.
    #[must_use]
    pub fn is_exclusive(self) -> bool {
        matches!(self, Self::Exclusive(_))
    }
}
