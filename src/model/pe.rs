//! A processing element: a pod that a policy governs, and what it wishes for its placement.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declarations, HostPort, JobId, ObjectId, Pod, Tag, Token};

/// A processing element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pe {
    /// The pod that runs it, as it was read.
    pub pod: Arc<Pod>,
    /// The job that it belongs to.
    pub job: JobId,
    /// Its name within the job; the pod's name where nothing names it.
    pub name: Arc<str>,
    /// The policy that governs it.
    pub policy: Arc<str>,
    /// Where its name outlives the pod: the UID of the workload that controls it.
    ///
    /// Pods of one job, name and owner are incarnations of one PE, and come back to its node.
    pub owner_uid: Option<Arc<str>>,
    /// What it wishes for its placement, or why that cannot be read.
    pub spec: Result<Arc<PlacementSpec>, Box<InvalidPlacementSpec>>,
    /// The keys on its pod whose values do not count, since an object that declares them says otherwise.
    pub overruled: Box<[&'static str]>,
    /// The `ProcessingElement` that says what it wishes, where it is one of open-streams.
    pub object: Option<Box<DeclaredBy>>,
}

/// The `ProcessingElement` of a PE of open-streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredBy {
    /// The object.
    pub id: ObjectId,
    /// True as long as it has not been seen, although the pod belongs to it: what the PE wishes is not known before.
    pub is_awaited: bool,
}

/// What a PE wishes for its placement (`docs/placement.md`, "Keys on the pod"), read from the pod and its policy.
/// Most PEs of a job wish the same and share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlacementSpec {
    /// Which nodes are in question at all.
    pub hosts: HostChoice,
    /// Which node of the job's allocation of a sized pool, from 0; `None`: any of them.
    pub pool_index: Option<u32>,
    /// Explicit hosts, by name or address; empty where the PE names none.
    pub only: Vec<Box<str>>,
    /// Tokens of PEs that must share its node, sorted.
    pub colocation: Vec<Token>,
    /// Tokens of PEs that must not share its node, sorted.
    pub exlocation: Vec<Token>,
    /// How far the PE keeps other PEs off its node; `None`: not at all.
    pub isolation: Option<Scope>,
    /// The PEs of the job that it sends to, sorted by name.
    pub connects_to: Vec<Connection>,
    /// False: the PE stays with the node of its first placement.
    pub relocatable: bool,
    /// Whether the job is placed together or not at all.
    pub gang: Option<Gang>,
    /// How far an exclusive pool keeps others away.
    pub exclusive_scope: Scope,
    /// How nodes that pass are ranked.
    pub scheme: ScoringStrategy,
    /// Weight of the oversubscription term against the scheme, in thousandths.
    pub risk_weight: u32,
    /// Weight of the declared traffic that stays near against the scheme, in thousandths; 0: it only breaks ties.
    pub traffic_weight: u32,
    /// True: load protection refuses it no node.
    pub override_load_protection: bool,
}

impl PlacementSpec {
    /// The node of a sized pool that the PE names by its index: all PEs of the job that name it share that node.
    #[must_use]
    pub fn pool_place(&self) -> Option<(&ObjectId, u32)> {
        match &self.hosts {
            HostChoice::Pool(id) => self.pool_index.map(|index| (id, index)),
            HostChoice::Any | HostChoice::Tags(_) => None,
        }
    }
}

/// A stream to another PE of the job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection {
    /// The name of the PE that is sent to.
    pub to: Arc<str>,
    /// Bytes a second.
    pub rate: u64,
}

/// PEs of a job that are placed together or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gang {
    /// All PEs that the job has.
    All,
    /// At least so many, bound ones counted.
    AtLeast(NonZeroU32),
}

/// The set of nodes that a PE chooses from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostChoice {
    /// Every node.
    Any,
    /// The nodes of a named `HostPool`.
    Pool(ObjectId),
    /// An unnamed shared pool: nodes with all of these tags.
    Tags(Vec<Tag>),
}

/// How far a rule reaches (D4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub enum Scope {
    /// PEs of the same job.
    Job,
    /// PEs of the same namespace: the legacy instance.
    #[default]
    Namespace,
    /// Every PE of the cluster.
    Cluster,
}

impl Scope {
    /// True when a rule of `owner` reaches a PE of `other`.
    #[must_use]
    pub fn reaches(self, owner: &JobId, other: &JobId) -> bool {
        match self {
            Self::Job => owner == other,
            Self::Namespace => owner.namespace == other.namespace,
            Self::Cluster => true,
        }
    }
}

/// How the nodes that pass are scored (docs/placement.md, "Scoring").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ScoringStrategy {
    /// Fewest PEs of all jobs per capacity, ties by fewest of the job.
    #[default]
    BalancedInstance,
    /// Fewest PEs of the job per capacity, ties by fewest of all jobs.
    BalancedJob,
    /// Least requested share of the capacity: how the legacy platform chose up to version 4.1.1.
    Legacy,
    /// Fewest nodes: those that hold PEs of the job first, then those with other PEs, the fullest first.
    Pack,
}

impl ScoringStrategy {
    /// The name as written by users and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BalancedInstance => "balancedInstance",
            Self::BalancedJob => "balancedJob",
            Self::Legacy => "legacy",
            Self::Pack => "pack",
        }
    }

    /// Every scheme.
    pub const ALL: [Self; 4] = [Self::BalancedInstance, Self::BalancedJob, Self::Legacy, Self::Pack];
}

/// Why the wishes of a PE cannot be met on any node: the sentence that users read.
///
/// The pod is created, with a warning, and refused at placement with `InvalidPlacement` (`docs/placement.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPlacementSpec {
    /// The annotation or label at fault.
    pub key: &'static str,
    /// What is wrong and what to do.
    pub problem: String,
    /// The object that says so in place of the pod, and the field of it where that is known.
    pub source: Option<Box<str>>,
}

impl fmt::Display for InvalidPlacementSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{source}: {}: {}", self.key, self.problem),
            None => write!(f, "{}: {}", self.key, self.problem),
        }
    }
}

impl Pe {
    /// The object without which it is not known what the PE wishes.
    #[must_use]
    pub fn awaits(&self) -> Option<&ObjectId> {
        self.object.as_ref().filter(|object| object.is_awaited).map(|object| &object.id)
    }

    /// How many channels each parallel region of its job has, where the job is one of open-streams.
    #[must_use]
    pub fn parallel_regions(&self, declared: &Declarations) -> BTreeMap<String, NonZeroU32> {
        self.object.as_ref().map(|_| declared.open_streams.widths(&self.job)).unwrap_or_default()
    }

    /// The ports of the node that it takes.
    #[must_use]
    pub fn host_ports(&self) -> &[HostPort] {
        self.pod.host_ports()
    }

    /// True when the PE may close its node to PEs of other jobs: by isolation, or by a pool that may be exclusive.
    #[must_use]
    pub fn may_claim_node(&self) -> bool {
        self.spec.as_ref().is_ok_and(|spec| spec.isolation.is_some() || matches!(spec.hosts, HostChoice::Pool(_)))
    }

    /// True when the PE counts in a rule between PEs: then a takeover must fence it (D17).
    #[must_use]
    pub fn is_grouped(&self) -> bool {
        self.spec.as_ref().is_ok_and(|spec| {
            !spec.colocation.is_empty()
                || !spec.exlocation.is_empty()
                || spec.isolation.is_some()
                || matches!(spec.hosts, HostChoice::Pool(_))
        })
    }
}
