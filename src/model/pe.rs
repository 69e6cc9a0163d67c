//! A processing element: a pod that a policy governs, and its placement spec.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Declarations, DemandForecasts, DemandKey, DemandShare, HostPort, JobDemand, JobId, ObjectId, OfResources, Pod,
    Probability, Tag, Token,
};

/// A processing element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pe {
    /// The pod that runs the PE.
    pub pod: Arc<Pod>,
    /// The job of the PE.
    pub job: JobId,
    /// The name of the PE within its job: the name of the pod, where the pod names no PE.
    pub name: Arc<str>,
    /// The policy that governs the pod.
    pub policy: Arc<str>,
    /// The UID of the workload that controls the pod, where the name of the PE outlives the pod.
    ///
    /// Pods of one job, name and owner are incarnations of one PE, and return to the node of the PE.
    pub owner_uid: Option<Arc<str>>,
    /// The placement spec, or why it is invalid.
    pub spec: Result<Arc<PlacementSpec>, Box<InvalidPlacementSpec>>,
    /// The keys on the pod whose values are overruled by an object that declares other values.
    pub overruled: Box<[&'static str]>,
    /// True where kube-scheduler does not send the pod to Outrigger while the pod is as it is: a scheduling gate of another
    /// owner holds the pod back, or another scheduler places the pod. Such a PE does not wait for a node.
    pub is_held: bool,
    /// The `ProcessingElement` that declares the placement spec of a PE of open-streams.
    pub object: Option<Box<ObjectId>>,
    /// The object that has to be seen before the placement spec is known, for people.
    pub awaited: Option<Box<str>>,
    /// The PEs that a placed PE keeps off its node because its pool is, or was, exclusive: until the PE is gone, also where
    /// the pool is deleted or created again.
    pub exclusive_hold: Option<Scope>,
}

/// The placement spec of a PE (`docs/placement.md`), read from the pod, the objects that declare the PE, and the
/// policy. PEs with equal specs share one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlacementSpec {
    /// The nodes that the PE chooses from.
    pub hosts: HostChoice,
    /// The number of a node in the job's allocation of a sized pool, from 0; `None`: any of these nodes.
    pub pool_index: Option<u32>,
    /// The hosts that the PE may run on, by name or address; empty: any.
    pub only: Vec<Box<str>>,
    /// Colocation tokens, sorted: PEs of the job with one of them share the node.
    pub colocation: Vec<Token>,
    /// Exlocation tokens, sorted: PEs of the job with one of them do not share the node.
    pub exlocation: Vec<Token>,
    /// The PEs that an isolated PE keeps off its node; `None`: the PE is not isolated.
    pub isolation: Option<Scope>,
    /// The PEs of the job that the PE sends to, sorted by name.
    pub connects_to: Vec<Connection>,
    /// False where the PE stays with the node of its first placement.
    pub relocatable: bool,
    /// The gang: its PEs are placed together or not at all.
    pub gang: Option<Gang>,
    /// The PEs that an exclusive pool keeps off its nodes.
    pub exclusive_scope: Scope,
    /// How the nodes that pass are scored.
    pub scheme: ScoringStrategy,
    /// Weight of the oversubscription term against the scheme, in thousandths.
    pub risk_weight: u32,
    /// The highest probability of overload of a node that the PE may go to, where demand is known; `None`: any.
    pub risk_ceiling: Option<Probability>,
    /// Weight of the traffic term against the scheme, in thousandths; 0: traffic only breaks ties.
    pub traffic_weight: u32,
    /// True where load protection rejects no node for the PE.
    pub override_load_protection: bool,
}

impl PlacementSpec {
    /// The pool and the index by which the PE names one node of a sized pool. All PEs of the job with both share the
    /// node.
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
    /// The name of the receiving PE.
    pub to: Arc<str>,
    /// Bytes a second.
    pub rate: u64,
}

/// The PEs of a job that are placed together or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gang {
    /// All PEs of the job.
    All,
    /// At least this number of PEs, including bound PEs.
    AtLeast(NonZeroU32),
}

/// The nodes that a PE chooses from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostChoice {
    /// Every node.
    Any,
    /// The nodes of a named `HostPool`.
    Pool(ObjectId),
    /// The nodes with all of these tags.
    Tags(Vec<Tag>),
}

/// The PEs that a rule concerns (`docs/design.md`, D4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub enum Scope {
    /// PEs of the same job.
    Job,
    /// PEs of the same namespace: an instance of the legacy platform.
    #[default]
    Namespace,
    /// Every PE of the cluster.
    Cluster,
}

impl Scope {
    /// True where a rule of a PE of job `owner` concerns a PE of job `other`.
    #[must_use]
    pub fn reaches(self, owner: &JobId, other: &JobId) -> bool {
        match self {
            Self::Job => owner == other,
            Self::Namespace => owner.namespace == other.namespace,
            Self::Cluster => true,
        }
    }
}

/// How the nodes that pass are scored.
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
    /// Fewest nodes: first nodes with PEs of the job, then nodes with other PEs, the fullest first.
    Pack,
}

impl ScoringStrategy {
    /// The name in placement specs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BalancedInstance => "balancedInstance",
            Self::BalancedJob => "balancedJob",
            Self::Legacy => "legacy",
            Self::Pack => "pack",
        }
    }

    /// Every strategy.
    pub const ALL: [Self; 4] = [Self::BalancedInstance, Self::BalancedJob, Self::Legacy, Self::Pack];
}

/// Why the placement spec of a PE is invalid.
///
/// The pod is created with a warning, and rejected at placement with `InvalidPlacement` (`docs/placement.md`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPlacementSpec {
    /// The key of the annotation or label.
    pub key: &'static str,
    /// What is wrong and how to correct it.
    pub problem: String,
    /// The object that declares the value; `None`: the pod.
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
    /// True where the name of the PE outlives its pod. Otherwise the PE is interchangeable with others of its job, such as a
    /// task manager of Flink.
    #[must_use]
    pub fn has_lasting_name(&self) -> bool {
        self.owner_uid.is_some() || *self.name != *self.pod.key.name.as_str()
    }

    /// The number of channels of each parallel region of a job of open-streams.
    #[must_use]
    pub fn parallel_regions(&self, declared: &Declarations) -> BTreeMap<String, NonZeroU32> {
        self.object.as_ref().map(|_| declared.open_streams.widths(&self.job)).unwrap_or_default()
    }

    /// The host ports of the pod.
    #[must_use]
    pub fn host_ports(&self) -> &[HostPort] {
        self.pod.host_ports()
    }

    /// True where the PE may close its node to PEs of other jobs: it is isolated, or its pool may be exclusive.
    #[must_use]
    pub fn may_claim_node(&self) -> bool {
        self.exclusive_hold.is_some()
            || self
                .spec
                .as_ref()
                .is_ok_and(|spec| spec.isolation.is_some() || matches!(spec.hosts, HostChoice::Pool(_)))
    }
}

impl DemandForecasts {
    /// The demand of the PE's job, and the PE's share for each resource; `None` where nothing is known of the job.
    #[must_use]
    pub fn of_pe(&self, pe: &Pe) -> Option<(&Arc<JobDemand>, OfResources<DemandShare>)> {
        let demand = self.jobs.get(&DemandKey::from(&pe.job))?;
        let named = demand.shares.get(&pe.name).copied().unwrap_or_default();
        let common = demand.interchangeable;
        let share = OfResources { cpu: named.cpu.or(common.cpu), memory: named.memory.or(common.memory) };
        Some((demand, share))
    }
}
