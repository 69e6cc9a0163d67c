//! What a `StreamJob` declares of a job.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Labels, NodeName, ObjectId, OpenStreams, ResourceVersion, StreamJobVersion, Unreadable};

/// What a `StreamJob` declares of a job. The values overrule those of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamJob {
    /// Namespace and name of the job.
    pub id: ObjectId,
    /// The version of the object; `None` for an object that no API server has stored.
    pub version: Option<StreamJobVersion>,
    /// The values of the keys of the placement spec of each listed PE, by the name of the PE.
    pub pes: BTreeMap<Arc<str>, Labels>,
    /// The values for PEs that are not listed.
    pub others: Labels,
    /// True where load protection rejects no node for PEs of the job.
    pub override_load_protection: bool,
    /// The nodes that PEs were last bound to, from the status of the object.
    pub last_places: Vec<LastPlace>,
}

/// Every valid `StreamJob` of the cluster.
pub type StreamJobs = BTreeMap<ObjectId, Arc<StreamJob>>;

/// What objects declare of jobs and their PEs. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declarations {
    /// What `StreamJob` objects declare.
    pub jobs: Arc<StreamJobs>,
    /// What objects of group `streams.ibm.com` declare. A `StreamJob` overrules them.
    pub open_streams: OpenStreams,
    /// The watch has shown every `StreamJob` up to this version; `None` where no watch delivers these objects.
    pub stream_jobs_shown: Option<ResourceVersion>,
    /// Objects whose latest version cannot be read, for people.
    pub unreadable: Arc<Unreadable>,
}

/// The node that a PE was last bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastPlace {
    /// The generation of the job.
    pub generation: Arc<str>,
    /// The name of the PE.
    pub pe: Arc<str>,
    /// The UID of the workload that controlled the pod.
    pub owner_uid: Arc<str>,
    /// The node.
    pub node: NodeName,
}

impl StreamJob {
    /// The values of the keys of the placement spec of a PE.
    #[must_use]
    pub fn declared(&self, pe: &str) -> &Labels {
        self.pes.get(pe).unwrap_or(&self.others)
    }

    /// True where the spec of another version differs: the status does not count.
    #[must_use]
    pub fn declares_else_than(&self, other: &Self) -> bool {
        self.pes != other.pes
            || self.others != other.others
            || self.override_load_protection != other.override_load_protection
    }
}
