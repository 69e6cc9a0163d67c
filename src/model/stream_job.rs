//! Jobs, as their `StreamJob` declares them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Labels, NodeName, ObjectId, OpenStreams};

/// A job as its `StreamJob` declares it: what it says of a PE wins over what the pod says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamJob {
    /// Namespace and name, which are those of the job.
    pub id: ObjectId,
    /// What is declared of each PE that is listed, by its name: the values of the keys that a pod would carry.
    pub pes: BTreeMap<Arc<str>, Labels>,
    /// What is declared of the PEs that are not listed.
    pub others: Labels,
    /// Whether load protection holds for the PEs of the job.
    pub override_load_protection: bool,
    /// Where its PEs were last bound, as its status tells.
    pub last_places: Vec<LastPlace>,
}

/// Every `StreamJob` of the cluster that can be used.
pub type StreamJobs = BTreeMap<ObjectId, Arc<StreamJob>>;

/// All that objects declare of jobs and their PEs. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declarations {
    /// What `StreamJob` objects declare.
    pub jobs: Arc<StreamJobs>,
    /// What objects of group `streams.ibm.com` declare: it gives way to a `StreamJob`.
    pub open_streams: OpenStreams,
}

/// Where a PE was last bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastPlace {
    /// The submission of its job.
    pub generation: Arc<str>,
    /// Its name.
    pub pe: Arc<str>,
    /// The UID of the workload that controlled its pod.
    pub owner_uid: Arc<str>,
    /// The node.
    pub node: NodeName,
}

impl StreamJob {
    /// What is declared of a PE.
    #[must_use]
    pub fn declared(&self, pe: &str) -> &Labels {
        self.pes.get(pe).unwrap_or(&self.others)
    }

    /// True when it differs from another version in more than what its status tells.
    #[must_use]
    pub fn declares_else_than(&self, other: &Self) -> bool {
        self.pes != other.pes
            || self.others != other.others
            || self.override_load_protection != other.override_load_protection
    }
}
