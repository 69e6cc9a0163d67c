//! The labels of a node, and the tags that some of them give it.

use std::sync::Arc;

use super::{Labels, Tag};

/// The prefix of labels that give a node a tag: `tag.outrigger.dev/<tag>`.
const TAG_PREFIX: &str = "tag.outrigger.dev/";
/// The prefix of labels that close a node to PEs that do not ask for the tag: `restrict.outrigger.dev/<tag>`.
const RESTRICT_PREFIX: &str = "restrict.outrigger.dev/";

/// All labels of a node. The tags among them are found once, when the labels are read: every decision asks for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeLabels {
    all: Labels,
    tags: Arc<NodeTags>,
}

/// The tags that a node has by its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeTags {
    own: Box<[Tag]>,
    restricting: Box<[Tag]>,
}

impl NodeLabels {
    /// The value of the label `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all.get(key)
    }

    /// The tags among them.
    #[must_use]
    pub fn tags(&self) -> &Arc<NodeTags> {
        &self.tags
    }

    /// The same labels; equal tags become this copy of them, which other nodes have too.
    #[must_use]
    pub fn sharing(self, tags: Arc<NodeTags>) -> Self {
        if self.tags == tags { Self { tags, ..self } } else { self }
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for NodeLabels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let all: Labels = iter.into_iter().collect();
        let tags = |prefix| all.suffixes(prefix).map(Tag::from).collect();
        let tags = Arc::new(NodeTags { own: tags(TAG_PREFIX), restricting: tags(RESTRICT_PREFIX) });
        Self { all, tags }
    }
}

impl NodeTags {
    /// True when the node has `tag`.
    #[must_use]
    pub fn has(&self, tag: &Tag) -> bool {
        self.own.contains(tag)
    }

    /// The tags that a PE must ask for to run there.
    #[must_use]
    pub fn restricting(&self) -> &[Tag] {
        &self.restricting
    }
}

/// The label key by which a node has `tag`; admission writes it as node affinity (`docs/design.md`, D2).
#[must_use]
pub fn tag_label(tag: &str) -> String {
    format!("{TAG_PREFIX}{tag}")
}

/// The tag that a label key of a node gives; `None` for any other key.
#[must_use]
pub fn tag_of_label(key: &str) -> Option<&str> {
    key.strip_prefix(TAG_PREFIX)
}
