//! The states of all nodes by their places, shared by snapshots.

use std::sync::Arc;

use super::node_info::NodeInfo;
use super::node_state::NodeState;

/// The state of a node, and its info where the node is known.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) state: Arc<NodeState>,
    pub(super) info: Option<NodeInfo>,
}

/// States by their places. Snapshots share them in blocks: a change copies one block, and the list of blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeStates {
    blocks: Vec<Arc<Block>>,
}

/// [`BLOCK`] states; the last block may have fewer.
#[derive(Clone, Debug, Default)]
struct Block(Vec<Slot>);

/// The number of states in a block: the list of blocks and each block are short for the largest clusters.
const BLOCK: usize = 64;

impl NodeStates {
    /// The number of places.
    pub(super) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.0.len())
    }

    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<&Slot> {
        self.blocks.get(place / BLOCK)?.0.get(place % BLOCK)
    }

    /// In the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.blocks.iter().flat_map(|block| &block.0)
    }

    /// Changes the state at a place; `None` where the place has none.
    pub(super) fn change<T>(&mut self, place: usize, change: impl FnOnce(&mut NodeState) -> T) -> Option<T> {
        let slot = self.slot(place)?;
        let outcome = change(Arc::make_mut(&mut slot.state));
        slot.info = NodeInfo::from_state(&slot.state);
        Some(outcome)
    }

    /// Puts a state in a place that exists, or else behind the last place. Returns the place.
    pub(super) fn put(&mut self, place: Option<usize>, state: NodeState) -> usize {
        let new = Slot { info: NodeInfo::from_state(&state), state: Arc::new(state) };
        if let Some((place, slot)) = place.and_then(|place| Some((place, self.slot(place)?))) {
            *slot = new;
            return place;
        }
        let end = self.len();
        match self.blocks.last_mut().filter(|last| last.0.len() < BLOCK) {
            Some(last) => Arc::make_mut(last).0.push(new),
            None => self.blocks.push(Arc::new(Block(vec![new]))),
        }
        end
    }

    fn slot(&mut self, place: usize) -> Option<&mut Slot> {
        Arc::make_mut(self.blocks.get_mut(place / BLOCK)?).0.get_mut(place % BLOCK)
    }
}

#[cfg(test)]
#[path = "tests/node_states.rs"]
mod tests;
