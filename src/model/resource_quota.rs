//! What a `ResourceQuota` demands of every container in its namespace.
//!
//! The API server rejects a pod with a container that lacks a request or limit of CPU or memory that a quota names
//! (`Constraints` of `pkg/quota/v1/evaluator/core`). Other resources are counted, and not demanded. How much of a quota is
//! left is not kept: the number is out of date whenever two pods are created at once, which is when the number matters.

use super::ObjectId;

/// A `ResourceQuota`: what it demands of each container of the pods that it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceQuota {
    /// Namespace and name.
    pub id: ObjectId,
    /// What it demands, and of which pods.
    pub demand: QuotaDemand,
}

/// What a quota demands of each container of the pods that it counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuotaDemand {
    /// The pods that the quota counts: those that every scope matches.
    pub scopes: Vec<QuotaScope>,
    /// The quantities that each container has to state, sorted; none where the quota names other resources alone.
    pub quantities: Vec<DemandedQuantity>,
}

/// A quantity that a quota can demand of each container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DemandedQuantity {
    /// A request of CPU.
    CpuRequest,
    /// A limit of CPU.
    CpuLimit,
    /// A request of memory.
    MemoryRequest,
    /// A limit of memory.
    MemoryLimit,
}

impl DemandedQuantity {
    /// The quantity that a quota demands with this name in `spec.hard`.
    #[must_use]
    pub fn of_hard(name: &str) -> Option<Self> {
        match name {
            "cpu" | "requests.cpu" => Some(Self::CpuRequest),
            "limits.cpu" => Some(Self::CpuLimit),
            "memory" | "requests.memory" => Some(Self::MemoryRequest),
            "limits.memory" => Some(Self::MemoryLimit),
            _ => None,
        }
    }

    /// The name of the resource.
    #[must_use]
    pub fn resource(self) -> &'static str {
        match self {
            Self::CpuRequest | Self::CpuLimit => "cpu",
            Self::MemoryRequest | Self::MemoryLimit => "memory",
        }
    }

    /// True for a limit.
    #[must_use]
    pub fn is_limit(self) -> bool {
        matches!(self, Self::CpuLimit | Self::MemoryLimit)
    }
}

/// A condition on the pods that a quota counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaScope {
    /// Pods with `spec.activeDeadlineSeconds`, or pods without.
    Terminating(bool),
    /// Pods of class `BestEffort`, or pods of another class.
    BestEffort(bool),
    /// Pods with a priority class, or pods without.
    HasPriorityClass(bool),
    /// Pods of one of these priority classes.
    PriorityClassIn(Vec<Box<str>>),
    /// Pods of none of these priority classes.
    PriorityClassNotIn(Vec<Box<str>>),
}

/// The facts of a pod that scopes depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaSubject<'a> {
    /// True for a pod with `spec.activeDeadlineSeconds`.
    pub is_terminating: bool,
    /// True for a pod of class `BestEffort`.
    pub is_best_effort: bool,
    /// The priority class.
    pub priority_class: Option<&'a str>,
}

impl QuotaDemand {
    /// True where the quota counts a pod.
    #[must_use]
    pub fn applies_to(&self, pod: QuotaSubject<'_>) -> bool {
        self.scopes.iter().all(|scope| scope.matches(pod))
    }
}

impl QuotaScope {
    fn matches(&self, pod: QuotaSubject<'_>) -> bool {
        let is_among = |classes: &[Box<str>]| {
            pod.priority_class.is_some_and(|class| classes.iter().any(|known| **known == *class))
        };
        match self {
            Self::Terminating(wanted) => pod.is_terminating == *wanted,
            Self::BestEffort(wanted) => pod.is_best_effort == *wanted,
            Self::HasPriorityClass(wanted) => pod.priority_class.is_some() == *wanted,
            Self::PriorityClassIn(classes) => is_among(classes),
            Self::PriorityClassNotIn(classes) => !is_among(classes),
        }
    }
}
