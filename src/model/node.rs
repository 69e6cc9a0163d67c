//! A node as a decision sees it.

use super::{Load, NodeLabels, NodeName, Resources, Taint};

/// A node: what placement reads of it and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// All its labels: tags are among them.
    pub labels: NodeLabels,
    /// Every address and host name in its status, for `outrigger.dev/hosts` and pools that list hosts.
    pub addresses: Vec<Box<str>>,
    /// What pods may request in all.
    pub allocatable: Resources,
    /// How many pods it may run.
    pub pods: u64,
    /// What keeps pods off that do not tolerate it.
    pub taints: Vec<Taint>,
    /// The taints with the effect `PreferNoSchedule`, which keep no pod off.
    pub soft_taints: Vec<Taint>,
    /// False when cordoned, not ready, or leaving.
    pub schedulable: bool,
    /// How busy it is, where it says so itself.
    pub load: Option<Load>,
}

impl Node {
    /// True when `host` is its name or one of its addresses.
    #[must_use]
    pub fn answers_to(&self, host: &str) -> bool {
        self.name.as_str() == host || self.addresses.iter().any(|address| &**address == host)
    }
}
