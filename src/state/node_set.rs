//! Sets of nodes of a snapshot.

use super::node_state::NodeIndex;

/// A set of nodes: one bit for each place. A node that joins the cluster later is in no set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeSet {
    /// Without zeros at the end, so that equal sets are equal values.
    words: Vec<u64>,
}

impl NodeSet {
    /// True where the set has the node.
    #[must_use]
    #[inline]
    pub fn contains(&self, index: NodeIndex) -> bool {
        let (word, bit) = place(index);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// True where the set has no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

impl FromIterator<NodeIndex> for NodeSet {
    fn from_iter<T: IntoIterator<Item = NodeIndex>>(iter: T) -> Self {
        let mut words: Vec<u64> = Vec::new();
        for index in iter {
            let (word, bit) = place(index);
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            if let Some(word) = words.get_mut(word) {
                *word |= bit;
            }
        }
        Self { words }
    }
}

/// The word of a node, and its bit there.
fn place(index: NodeIndex) -> (usize, u64) {
    (index.number() / 64, 1 << (index.number() % 64))
}
