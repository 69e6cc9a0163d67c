//! The states of all nodes by their places, shared by snapshots.

use std::sync::Arc;

use super::node_info::NodeInfo;
use super::node_state::NodeState;
use crate::risk::{DemandSums, NodeDemand, RiskBasis};

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
    /// What the demand on nodes is computed from; `None` where no demand is known.
    basis: Option<Arc<RiskBasis>>,
}

/// [`BLOCK`] states; the last block may have fewer.
#[derive(Clone, Debug, Default)]
struct Block {
    slots: Vec<Slot>,
    /// The demand on each node, in one place in memory; empty where no demand is known.
    demands: Vec<NodeDemand>,
}

/// The number of states in a block: the list of blocks and each block are short for the largest clusters.
const BLOCK: usize = 64;

impl NodeStates {
    /// The number of places.
    pub(super) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.slots.len())
    }

    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<&Slot> {
        self.blocks.get(place / BLOCK)?.slots.get(place % BLOCK)
    }

    /// In the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.blocks.iter().flat_map(|block| &block.slots)
    }

    /// The demand on the node at a place; `None` where no demand is known.
    #[inline]
    pub(super) fn demand(&self, place: usize) -> Option<&NodeDemand> {
        self.blocks.get(place / BLOCK)?.demands.get(place % BLOCK)
    }

    /// What the demand on nodes is computed from; `None` where no demand is known.
    #[inline]
    pub(super) fn basis(&self) -> Option<&Arc<RiskBasis>> {
        self.basis.as_ref()
    }

    /// Replaces what the demand on nodes is computed from, and the sums of all nodes, by their places.
    pub(super) fn set_basis(&mut self, basis: Option<Arc<RiskBasis>>, mut sums: Vec<Option<Box<DemandSums>>>) {
        let mut sums = sums.iter_mut();
        for block in &mut self.blocks {
            let Block { slots, demands } = Arc::make_mut(block);
            for slot in &mut *slots {
                let sums = sums.next().and_then(Option::take);
                if sums.is_some() || slot.state.demand.is_some() {
                    Arc::make_mut(&mut slot.state).demand = sums;
                }
            }
            *demands =
                basis.as_ref().map_or_else(Vec::new, |basis| slots.iter().map(|slot| slot.demand(basis)).collect());
        }
        self.basis = basis;
    }

    /// Changes the state at a place; `None` where the place has none.
    pub(super) fn change<T>(&mut self, place: usize, change: impl FnOnce(&mut NodeState) -> T) -> Option<T> {
        let Block { slots, demands } = Arc::make_mut(self.blocks.get_mut(place / BLOCK)?);
        let slot = slots.get_mut(place % BLOCK)?;
        let outcome = change(Arc::make_mut(&mut slot.state));
        slot.info = NodeInfo::from_state(&slot.state);
        if let (Some(basis), Some(demand)) = (&self.basis, demands.get_mut(place % BLOCK)) {
            *demand = slot.demand(basis);
        }
        Some(outcome)
    }

    /// Puts a state in a place that exists, or else behind the last place. Returns the place.
    pub(super) fn put(&mut self, place: Option<usize>, state: NodeState) -> usize {
        if let Some(place) = place.filter(|place| *place < self.len()) {
            self.change(place, |known| *known = state);
            return place;
        }
        let end = self.len();
        let slot = Slot { info: NodeInfo::from_state(&state), state: Arc::new(state) };
        let demand = self.basis.as_ref().map(|basis| slot.demand(basis));
        if end.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::default());
        }
        if let Some(last) = self.blocks.last_mut() {
            let Block { slots, demands } = Arc::make_mut(last);
            slots.push(slot);
            demands.extend(demand);
        }
        end
    }
}

impl Slot {
    fn demand(&self, basis: &RiskBasis) -> NodeDemand {
        let node = self.info.as_ref().map(|info| &*info.node);
        node.map_or_else(NodeDemand::default, |node| NodeDemand::new(self.state.demand.as_deref(), node, basis))
    }
}

#[cfg(test)]
#[path = "tests/node_states.rs"]
mod tests;
