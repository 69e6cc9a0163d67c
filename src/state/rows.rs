//! The rows of all nodes, and beside each row what most decisions read of it.

use std::sync::Arc;

use super::snapshot::NodeRow;
use crate::model::{CpuAndMemory, Node, NodeName, NodeTags, Overload, Resources};

/// What most decisions read of a node, in one place: its row, the node itself and who runs there are in others, and
/// thousands of nodes are looked at for one PE.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its name.
    pub name: NodeName,
    /// The node itself.
    pub node: Arc<Node>,
    /// Its tags.
    pub tags: Arc<NodeTags>,
    /// How full it is.
    pub occupancy: Occupancy,
    /// How many more pods it may run.
    pub free_pods: u64,
    /// How many PEs on it count in rules between PEs.
    pub pes: usize,
    /// False when cordoned, not ready, or leaving.
    pub schedulable: bool,
    /// True when it has a taint.
    pub tainted: bool,
    /// True when a PE on it may close it to others.
    pub claimed: bool,
    /// By what it is overloaded, where it is.
    pub overload: Option<Overload>,
}

/// How full a node is, by the two resources that every node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// What pods may request in all.
    pub allocatable: CpuAndMemory,
    /// Requests of every pod on it that is not finished.
    pub requested: CpuAndMemory,
    /// Limits of the same pods; a missing limit counts as the request.
    pub limits: CpuAndMemory,
}

impl Summary {
    fn of(row: &NodeRow) -> Option<Self> {
        let node = row.node.as_ref()?;
        Some(Self {
            name: row.name.clone(),
            node: Arc::clone(node),
            tags: Arc::clone(node.labels.tags()),
            occupancy: Occupancy {
                allocatable: node.allocatable.cpu_and_memory(),
                requested: row.requested.cpu_and_memory(),
                limits: row.limits.cpu_and_memory(),
            },
            free_pods: node.pods.saturating_sub(row.pods),
            pes: row.pes.len(),
            schedulable: node.schedulable,
            tainted: !node.taints.is_empty(),
            claimed: !row.claimants.is_empty(),
            overload: row.overload,
        })
    }

    /// True when so much certainly fits beside what is there; false where that has to be looked up in the row.
    #[must_use]
    pub fn has_room_for(&self, wanted: &Resources) -> bool {
        let Occupancy { allocatable, requested, .. } = &self.occupancy;
        let fits = |wanted: u64, all: u64, used: u64| wanted == 0 || wanted <= all.saturating_sub(used);
        wanted.other.is_empty()
            && fits(wanted.cpu.0, allocatable.cpu.0, requested.cpu.0)
            && fits(wanted.memory.0, allocatable.memory.0, requested.memory.0)
    }
}

/// A row, and the summary of it where the node is known.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) row: Arc<NodeRow>,
    pub(super) summary: Option<Summary>,
}

/// Rows by their places. Snapshots share them in blocks: a change copies one block, and the list of blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    blocks: Vec<Arc<Block>>,
}

/// Up to [`BLOCK`] rows; only the last block has fewer.
#[derive(Clone, Debug, Default)]
struct Block(Vec<Slot>);

/// Rows of a block: both the list of blocks and a block are short for the largest clusters.
const BLOCK: usize = 64;

impl Rows {
    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.0.len())
    }

    pub(super) fn get(&self, place: usize) -> Option<&Slot> {
        self.blocks.get(place / BLOCK)?.0.get(place % BLOCK)
    }

    /// In the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.blocks.iter().flat_map(|block| &block.0)
    }

    /// Changes the row at a place; `None` where there is none.
    pub(super) fn change<T>(&mut self, place: usize, change: impl FnOnce(&mut NodeRow) -> T) -> Option<T> {
        let slot = self.slot(place)?;
        let outcome = change(Arc::make_mut(&mut slot.row));
        slot.summary = Summary::of(&slot.row);
        Some(outcome)
    }

    /// Puts a row in a place that there is, or else behind the last; where it is then.
    pub(super) fn put(&mut self, place: Option<usize>, row: NodeRow) -> usize {
        let new = Slot { summary: Summary::of(&row), row: Arc::new(row) };
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
#[path = "tests/rows.rs"]
mod tests;
