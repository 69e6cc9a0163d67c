//! Host pools, as meant.

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
    /// How many nodes each job gets of it, and whether it has them for itself.
    pub mode: PoolMode,
}

/// Every pool of the cluster that can be used.
pub type Pools = BTreeMap<ObjectId, Arc<Pool>>;

/// Which nodes qualify for a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolMembers {
    /// Nodes that have **all** of these tags (legacy rule R2). None: every node.
    Tagged(Vec<Tag>),
    /// These nodes, by name or address.
    Hosts(Vec<Box<str>>),
}

/// How jobs share a pool. Exclusive pools are always sized (legacy rule R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// Any number of jobs, on any node that qualifies.
    Shared,
    /// Any number of jobs, each on at most this many nodes of its own choice.
    SharedSized(NonZeroU32),
    /// Each job has this many nodes, and no other job's PE may run there.
    Exclusive(NonZeroU32),
}

impl PoolMode {
    /// The number of nodes that a job gets, where the pool is sized.
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
