//! A pod as a decision sees it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::{
    HostPort, Labels, Namespace, NodeName, NodeRequirements, OomKill, OversizedValue, PodClaims, PodName, PodRequests,
    PodUid, Taint,
};

/// A pod: what placement reads of it and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Namespace, name and UID.
    pub key: PodKey,
    /// The version of the object: a precondition of the Binding (`docs/design.md`, D17).
    pub resource_version: Box<str>,
    /// All labels of the pod: policies select by them.
    pub labels: Labels,
    /// The annotations that a dialect or a placement spec reads. The others are not kept.
    pub annotations: Labels,
    /// A value that is too large to be kept among the annotations: it makes the placement spec invalid.
    pub oversized: Option<Box<OversizedValue>>,
    /// The scheduler that the pod asks for; empty where the object names none.
    pub scheduler_name: Arc<str>,
    /// The workload that controls the pod.
    pub owner: Option<Arc<Owner>>,
    /// The node of a bound pod.
    pub node: Option<NodeName>,
    /// Whether the pod still counts.
    pub phase: PodPhase,
    /// The effective requests and limits.
    pub resources: Arc<PodRequests>,
    /// The node requirements; `None` for a pod that has none.
    pub node_requirements: Option<Arc<NodeRequirements>>,
    /// The claims to volumes; `None` for a pod that has none.
    pub claims: Option<Box<PodClaims>>,
    /// True where the spec states a preference among nodes that kube-scheduler scores.
    pub has_preferences: bool,
    /// True where kube-scheduler filters nodes by a part of the spec that Outrigger does not read: devices, required affinity
    /// between pods, required topology spread. Volumes are read as far as `claims` are bound.
    pub has_unread_filters: bool,
    /// True where a scheduling gate of another owner than Outrigger holds the pod back.
    pub is_gated: bool,
    /// The last container of the pod that the kernel has killed because it used too much memory.
    pub oom_kill: Option<Box<OomKill>>,
    /// The creation time.
    pub created: Timestamp,
    /// The priority: kube-scheduler takes the highest first.
    pub priority: i32,
}

impl Pod {
    /// The first of these taints that the pod does not tolerate.
    #[must_use]
    pub fn first_untolerated<'t>(&self, taints: &'t [Taint]) -> Option<&'t Taint> {
        match &self.node_requirements {
            Some(requirements) => requirements.first_untolerated(taints),
            None => taints.first(),
        }
    }

    /// The host ports of the pod.
    #[must_use]
    pub fn host_ports(&self) -> &[HostPort] {
        self.node_requirements.as_ref().map_or(&[], |node_requirements| &node_requirements.host_ports)
    }
}

impl fmt::Display for Pod {
    /// Namespace and name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// The workload that controls a pod. All pods of the workload share one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The name: some dialects name the job after the workload.
    pub name: Arc<str>,
    /// The UID: pods that follow each other under one owner are incarnations of one PE.
    pub uid: Arc<str>,
    /// The kind.
    pub kind: OwnerKind,
    /// True where the pod has no other owner: Kubernetes collects the pod once this owner is gone.
    pub is_only: bool,
}

/// The kind of a workload, as far as a decision depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    /// A `ProcessingElement` of group `streams.ibm.com`: it declares the placement spec of its pod.
    ProcessingElement,
    /// Any other kind.
    #[default]
    Other,
}

impl OwnerKind {
    /// The kind of an owner reference.
    #[must_use]
    pub fn from_owner(api_version: &str, kind: &str) -> Self {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        match (group, kind) {
            ("streams.ibm.com", "ProcessingElement") => Self::ProcessingElement,
            _ => Self::Other,
        }
    }
}

/// The identity of one incarnation of a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodKey {
    /// The namespace.
    pub namespace: Namespace,
    /// The name.
    pub name: PodName,
    /// The UID.
    pub uid: PodUid,
}

impl fmt::Display for PodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// How much of a pod still counts (`docs/placement.md`, "PEs and jobs").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// The pod waits or runs. It counts for everything.
    Active,
    /// The pod is being deleted. Its requests count; rules between PEs ignore it (`docs/design.md`, D5).
    Leaving,
    /// The pod has succeeded or failed. It counts for nothing.
    Finished,
}
