//! A pod as a decision sees it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::{HostPort, Labels, Namespace, NodeName, NodeRequirements, PodName, PodRequests, PodUid, Taint};

/// A pod: what placement reads of it and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Namespace, name and UID.
    pub key: PodKey,
    /// The version of the object, a precondition of the Binding (D17).
    pub resource_version: Box<str>,
    /// All its labels: policies select by them.
    pub labels: Labels,
    /// The annotations that a dialect or `docs/placement.md` reads; the rest is dropped at the door.
    pub annotations: Labels,
    /// The workload that controls the pod.
    pub owner: Option<Arc<Owner>>,
    /// Where it runs, once bound.
    pub node: Option<NodeName>,
    /// Whether it still counts.
    pub phase: PodPhase,
    /// What it asks of a node in amounts.
    pub resources: Arc<PodRequests>,
    /// What else it asks of a node; `None` where that is nothing.
    pub node_requirements: Option<Arc<NodeRequirements>>,
    /// True where its spec states a preference among nodes that kube-scheduler scores.
    pub has_preferences: bool,
    /// When it was created.
    pub created: Timestamp,
    /// Its priority: kube-scheduler takes the highest first.
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

    /// The ports of the node that it takes.
    #[must_use]
    pub fn host_ports(&self) -> &[HostPort] {
        self.node_requirements.as_ref().map_or(&[], |node_requirements| &node_requirements.host_ports)
    }
}

impl fmt::Display for Pod {
    /// Its namespace and name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// The workload that controls a pod; its pods share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Its name: some dialects name the job after it.
    pub name: Arc<str>,
    /// Its UID: pods that follow each other under one owner are incarnations of one PE.
    pub uid: Arc<str>,
    /// What it is.
    pub kind: OwnerKind,
    /// True where the pod has no other owner: the pod is collected once this one is gone.
    pub is_only: bool,
}

/// What a workload is, as far as that matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    /// A `ProcessingElement` of group `streams.ibm.com`: it says what its pod wishes.
    ProcessingElement,
    /// Anything else.
    #[default]
    Other,
}

impl OwnerKind {
    /// The kind of an owner reference.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Self {
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
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub name: PodName,
    /// Its UID.
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
    /// Waiting or running: counts for everything.
    Active,
    /// Being deleted: its requests count, its rules do not (D5).
    Leaving,
    /// Succeeded or failed: counts for nothing.
    Finished,
}
