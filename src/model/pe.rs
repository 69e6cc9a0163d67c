//! A processing element: a pod that a policy governs, and what it wishes for its placement.

use std::fmt;
use std::sync::Arc;

use super::{Footprint, JobId, PodKey, PoolId, Tag, Token};

/// A processing element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pe {
    /// The pod that runs it.
    pub pod: PodKey,
    /// The version of the pod object that this was read from.
    pub resource_version: Box<str>,
    /// The job that it belongs to.
    pub job: JobId,
    /// Its name within the job; the pod's name where nothing names it.
    pub name: Arc<str>,
    /// The policy that governs it.
    pub policy: Arc<str>,
    /// What it asks of a node.
    pub footprint: Footprint,
    /// What it wishes for its placement, or why that cannot be read.
    pub wishes: Result<Wishes, Contradiction>,
}

/// What a PE wishes for its placement (`PLACEMENT.md` 2), read from the pod and its policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// Which nodes are in question at all.
    pub hosts: HostChoice,
    /// Explicit hosts, by name or address; empty where the PE names none.
    pub only: Vec<Box<str>>,
    /// Tokens of PEs that must share its node, sorted.
    pub colocation: Vec<Token>,
    /// Tokens of PEs that must not share its node, sorted.
    pub exlocation: Vec<Token>,
    /// How far the PE keeps other PEs off its node; `None`: not at all.
    pub isolation: Option<Scope>,
    /// How far an exclusive pool keeps others away.
    pub exclusive_scope: Scope,
    /// How nodes that pass are ranked.
    pub scheme: Scheme,
    /// Weight of the oversubscription term against balance, in thousandths.
    pub risk_weight: u32,
}

/// The set of nodes that a PE chooses from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostChoice {
    /// Every node.
    Any,
    /// The nodes of a named `HostPool`.
    Pool(PoolId),
    /// An unnamed shared pool: nodes with all of these tags.
    Tags(Vec<Tag>),
}

/// How far a rule reaches (D4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
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

/// How nodes that pass are ranked (`PLACEMENT.md` 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scheme {
    /// Fewest PEs of all jobs per capacity, ties by fewest of the job.
    #[default]
    BalancedInstance,
}

impl Scheme {
    /// The name as written by users and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BalancedInstance => "balancedInstance",
        }
    }
}

/// Why the wishes of a PE cannot be met on any node: the sentence that users read.
///
/// The pod is created, with a warning, and refused at placement with `InvalidPlacement` (`PLACEMENT.md` 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The annotation or label at fault.
    pub key: &'static str,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

impl Pe {
    /// True when the PE counts in a rule between PEs: then a takeover must fence it (D17).
    #[must_use]
    pub fn is_grouped(&self) -> bool {
        self.wishes.as_ref().is_ok_and(|wishes| {
            !wishes.colocation.is_empty()
                || !wishes.exlocation.is_empty()
                || wishes.isolation.is_some()
                || matches!(wishes.hosts, HostChoice::Pool(_))
        })
    }
}
