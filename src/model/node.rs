//! A node, as far as a decision reads it.

use super::{Load, NodeLabels, NodeName, Resources, Taint};

/// A node, as far as placement reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The name.
    pub name: NodeName,
    /// All labels: tags are among them.
    pub labels: NodeLabels,
    /// Every address and host name in the status, for `outrigger.dev/hosts` and pools that list hosts.
    pub addresses: Vec<Box<str>>,
    /// The amounts that pods may request in all.
    pub allocatable: Resources,
    /// The number of pods that the node may run.
    pub pods: u64,
    /// The taints that keep off pods that do not tolerate them.
    pub taints: Vec<Taint>,
    /// The taints with the effect `PreferNoSchedule`, which keep no pod off.
    pub soft_taints: Vec<Taint>,
    /// False where the node is cordoned, not ready, or being deleted.
    pub schedulable: bool,
    /// Where the node is not schedulable: the taints by which Kubernetes marks why. A pod that tolerates all of them may be
    /// placed. Empty where no toleration helps, because the node is being deleted.
    pub unschedulable_taints: Vec<Taint>,
    /// The load in the annotation of the node.
    pub load: Option<Load>,
}

impl Node {
    /// True where `host` is the name of the node or one of its addresses.
    #[must_use]
    pub fn answers_to(&self, host: &str) -> bool {
        self.name.as_str() == host || self.addresses.iter().any(|address| &**address == host)
    }
}
