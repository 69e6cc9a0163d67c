//! The nodes in order for PEs that wish alike, kept while a plan changes a few of them at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::evaluate::Evaluation;
use super::super::score::strategy::NodeScore;
use super::super::score::terms::PreScoreState;
use crate::model::{HostChoice, NodeName, NodeRequirements, Pe, PlacementSpec, Resources, ScoringStrategy};
use crate::state::{NodeIndex, Snapshot};

/// Orders by what PEs wish; each holds the nodes that pass as far as only PE and node are concerned.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    orders: Vec<Order>,
    /// Nodes that something was placed on or taken off, in time.
    changes: Vec<NodeIndex>,
}

/// Nodes that pass, best first.
#[derive(Debug)]
struct Order {
    key: Key,
    nodes: BTreeSet<Place>,
    /// Each node's place, by number of the node.
    places: Vec<Option<Place>>,
    /// How many changes have been taken in.
    seen: usize,
}

/// PEs with the same key find the same nodes in the same order, but for what other PEs are there.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    hosts: HostChoice,
    only: Vec<Box<str>>,
    risk_weight: u32,
    override_load_protection: bool,
    requests: Resources,
    limits: Resources,
    node_requirements: Option<Arc<NodeRequirements>>,
}

/// The worth of a node, negated, in an order that can be sorted by; then its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u64, NodeName, NodeIndex);

impl Candidates {
    /// Notes that something was placed on a node or taken off it.
    pub(super) fn changed(&mut self, node: NodeIndex) {
        self.changes.push(node);
    }

    /// Nodes for a PE in classes of equal worth, the best class first; `None` where its scheme orders them by more than
    /// what this can keep.
    pub(super) fn in_classes(
        &mut self,
        pe: &Arc<Pe>,
        snapshot: &Snapshot,
    ) -> Option<impl Iterator<Item = (u64, NodeIndex)>> {
        let spec = pe.spec.as_ref().ok()?;
        if spec.scheme != ScoringStrategy::BalancedInstance || spec.traffic_weight > 0 {
            return None;
        }
        let key = Key::of(pe, spec);
        let at = self.orders.iter().position(|order| order.key == key).unwrap_or_else(|| {
            let (nodes, places) = (BTreeSet::new(), Vec::new());
            self.orders.push(Order { key, nodes, places, seen: usize::MAX });
            self.orders.len() - 1
        });
        let order = self.orders.get_mut(at)?;
        order.catch_up(&self.changes, pe, snapshot);
        Some(order.nodes.iter().map(|Place(worth, _, index)| (*worth, *index)))
    }
}

impl Key {
    fn of(pe: &Pe, spec: &PlacementSpec) -> Self {
        Self {
            hosts: spec.hosts.clone(),
            only: spec.only.clone(),
            risk_weight: spec.risk_weight,
            override_load_protection: spec.override_load_protection,
            requests: pe.pod.resources.requests.clone(),
            limits: pe.pod.resources.limits.clone(),
            node_requirements: pe.pod.node_requirements.clone(),
        }
    }
}

impl Order {
    fn catch_up(&mut self, changes: &[NodeIndex], pe: &Arc<Pe>, snapshot: &Snapshot) {
        if self.seen == changes.len() {
            return;
        }
        let Ok(evaluation) = Evaluation::outside_bucket(pe, snapshot) else { return };
        let pre_score = PreScoreState::outside_job(pe);
        let seen = self.seen;
        let mut put = |index: NodeIndex| self.put(index, (&evaluation, &pre_score), snapshot);
        if seen == usize::MAX {
            snapshot.indexes().for_each(put);
        } else {
            changes.iter().skip(seen).for_each(|index| put(*index));
        }
        self.seen = changes.len();
    }

    fn put(&mut self, index: NodeIndex, (evaluation, pre_score): (&Evaluation, &PreScoreState), snapshot: &Snapshot) {
        let number = index.number();
        if self.places.len() <= number {
            self.places.resize(number + 1, None);
        }
        let Some(slot) = self.places.get_mut(number) else { return };
        if let Some(place) = slot.take() {
            self.nodes.remove(&place);
        }
        if evaluation.passes_node_rules(index, snapshot)
            && let Some((info, _)) = snapshot.info(index)
        {
            let score = NodeScore::new(&evaluation.state.spec, &pre_score.terms(index, info));
            let place = Place(descending(score), info.name.clone(), index);
            *slot = Some(place.clone());
            self.nodes.insert(place);
        }
    }
}

/// A worth from 0 to 1 as a number that is the smaller the better.
fn descending(score: NodeScore) -> u64 {
    // Floats that are not negative are in the order of their bits.
    !score.value.max(0.0).to_bits()
}
