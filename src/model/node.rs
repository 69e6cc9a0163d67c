//! A node as a decision sees it.

use super::{Labels, Load, NodeName, Resources, Taint};

/// The prefix of labels that give a node a tag: `tag.outrigger.dev/<tag>`.
const TAG_PREFIX: &str = "tag.outrigger.dev/";
/// The prefix of labels that close a node to PEs that do not ask for the tag: `restrict.outrigger.dev/<tag>`.
const RESTRICT_PREFIX: &str = "restrict.outrigger.dev/";

/// A node: what placement reads of it and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// All its labels: tags are among them.
    pub labels: Labels,
    /// Every address and host name in its status, for `outrigger.dev/hosts` and pools that list hosts.
    pub addresses: Vec<Box<str>>,
    /// What pods may request in all.
    pub allocatable: Resources,
    /// How many pods it may run.
    pub pods: u64,
    /// What keeps pods off that do not tolerate it.
    pub taints: Vec<Taint>,
    /// False when cordoned, not ready, or leaving.
    pub schedulable: bool,
    /// How busy it is, where it says so itself.
    pub load: Option<Load>,
}

impl Node {
    /// True when the node has `tag`.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        // Short: a tag is at most 63 bytes, and the key is only built for pools that have tags.
        self.labels.suffixes(TAG_PREFIX).any(|own| own == tag)
    }

    /// The tags that a PE must ask for to run here.
    pub fn restricting_tags(&self) -> impl Iterator<Item = &str> {
        self.labels.suffixes(RESTRICT_PREFIX)
    }

    /// True when `host` is its name or one of its addresses.
    #[must_use]
    pub fn answers_to(&self, host: &str) -> bool {
        self.name.as_str() == host || self.addresses.iter().any(|address| &**address == host)
    }
}

/// The label key by which a node has `tag`; admission writes it as node affinity (D2).
#[must_use]
pub fn tag_label(tag: &str) -> String {
    format!("{TAG_PREFIX}{tag}")
}
