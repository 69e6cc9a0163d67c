//! The order of nodes for PEs with equal specs, kept up to date while a plan changes a few nodes at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::evaluate::Evaluation;
use super::super::score::rank::RankedNode;
use super::super::score::strategy::NodeScore;
use super::super::score::terms::PreScoreState;
use crate::model::{
    HostChoice, NodeName, NodeRequirements, Pe, PlacementSpec, Resources, ScoringStrategy, VolumeTopology,
};
use crate::state::{NodeIndex, NodeSet, Snapshot};

/// Orders of nodes by spec. Each order has the nodes that pass every plugin which reads no other PE.
///
/// Where demand is known, orders leave the risk out, because it depends on the demand of the PE and of its job. A node is then
/// no better than its class: its class by all terms is [`NodeOrders::class_of`].
#[derive(Debug, Default)]
pub(super) struct NodeOrders {
    orders: Vec<NodeOrder>,
    /// The nodes whose PEs changed, in the order of the changes.
    changes: Vec<NodeIndex>,
}

/// The nodes that pass for a spec, best first.
#[derive(Debug)]
struct NodeOrder {
    key: OrderKey,
    nodes: BTreeSet<OrderedNode>,
    /// The entry of each node in `nodes`, by the number of the node.
    entries: Vec<Option<OrderedNode>>,
    /// How many changes the order includes; `None` before the first scan of all nodes.
    seen: Option<usize>,
}

/// The part of a PE that determines the order of nodes, other PEs of its job left aside.
#[derive(Clone, Debug, PartialEq)]
struct OrderKey {
    hosts: HostChoice,
    only: Vec<Box<str>>,
    risk_weight: u32,
    override_load_protection: bool,
    requests: Resources,
    limits: Resources,
    node_requirements: Option<Arc<NodeRequirements>>,
    unoffered: Option<Arc<NodeSet>>,
    volumes: Vec<Arc<VolumeTopology>>,
}

/// A node in an order: by the class of its score, then by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct OrderedNode {
    class: ScoreClass,
    name: NodeName,
    index: NodeIndex,
}

/// A score as an integer that is smaller for better scores. Nodes of equal scores are in one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ScoreClass(u64);

/// Filters and scores single nodes for an order.
struct NodeScorer<'a> {
    evaluation: Evaluation,
    pre_score: PreScoreState,
    snapshot: &'a Snapshot,
}

impl NodeOrders {
    /// Notes that a PE was placed on a node or removed from the node.
    pub(super) fn note_change(&mut self, node: NodeIndex) {
        self.changes.push(node);
    }

    /// The class of a node by all terms of its score: the class that an order has where no demand is known.
    pub(super) fn class_of(ranked: &RankedNode) -> ScoreClass {
        ScoreClass::of_value(ranked.score)
    }

    /// The nodes for a PE with their classes, the best class first; `None` where the strategy of the PE reads more than an
    /// [`OrderKey`] has.
    pub(super) fn nodes_by_class(
        &mut self,
        pe: &Arc<Pe>,
        snapshot: &Snapshot,
    ) -> Option<impl Iterator<Item = (ScoreClass, NodeIndex)>> {
        let spec = pe.spec.as_ref().ok()?;
        if spec.scheme != ScoringStrategy::BalancedInstance || spec.traffic_weight > 0 {
            return None;
        }
        let key = OrderKey::new(pe, spec, snapshot);
        let at = self.orders.iter().position(|order| order.key == key).unwrap_or_else(|| {
            self.orders.push(NodeOrder { key, nodes: BTreeSet::new(), entries: Vec::new(), seen: None });
            self.orders.len() - 1
        });
        let order = self.orders.get_mut(at)?;
        order.update(&self.changes, pe, snapshot);
        Some(order.nodes.iter().map(|node| (node.class, node.index)))
    }
}

impl OrderKey {
    fn new(pe: &Pe, spec: &PlacementSpec, snapshot: &Snapshot) -> Self {
        Self {
            hosts: spec.hosts.clone(),
            only: spec.only.clone(),
            risk_weight: spec.risk_weight,
            override_load_protection: spec.override_load_protection,
            requests: pe.pod.resources.requests.clone(),
            limits: pe.pod.resources.limits.clone(),
            node_requirements: pe.pod.node_requirements.clone(),
            unoffered: snapshot.unoffered(&pe.pod.key.uid).cloned(),
            volumes: snapshot.volume_topologies(&pe.pod),
        }
    }
}

impl NodeOrder {
    /// Scores the nodes that changed since the last update, or every node the first time.
    fn update(&mut self, changes: &[NodeIndex], pe: &Arc<Pe>, snapshot: &Snapshot) {
        if self.seen == Some(changes.len()) {
            return;
        }
        let Ok(evaluation) = Evaluation::outside_bucket(pe, snapshot) else { return };
        let scorer = NodeScorer { evaluation, pre_score: PreScoreState::outside_job(pe), snapshot };
        let seen = self.seen;
        let update_node = |index: NodeIndex| self.replace(index, scorer.score(index));
        match seen {
            None => snapshot.indexes().for_each(update_node),
            Some(seen) => changes.iter().copied().skip(seen).for_each(update_node),
        }
        self.seen = Some(changes.len());
    }

    fn replace(&mut self, index: NodeIndex, node: Option<OrderedNode>) {
        let number = index.number();
        if self.entries.len() <= number {
            self.entries.resize(number + 1, None);
        }
        let Some(entry) = self.entries.get_mut(number) else { return };
        if let Some(before) = entry.take() {
            self.nodes.remove(&before);
        }
        entry.clone_from(&node);
        self.nodes.extend(node);
    }
}

impl NodeScorer<'_> {
    /// The entry of a node; `None` where the node does not pass.
    fn score(&self, index: NodeIndex) -> Option<OrderedNode> {
        if !self.evaluation.passes_node_rules(index, self.snapshot) {
            return None;
        }
        let (info, _) = self.snapshot.info(index)?;
        let terms = if self.snapshot.knows_demand() {
            self.pre_score.terms_without_risk(index, info)
        } else {
            self.pre_score.terms(index, info, self.snapshot)
        };
        let score = NodeScore::new(&self.evaluation.state.spec, &terms);
        Some(OrderedNode { class: ScoreClass::of_value(score.value), name: info.name.clone(), index })
    }
}

impl ScoreClass {
    fn of_value(score: f64) -> Self {
        // The bits of floats that are not negative have the order of the floats.
        Self(!score.max(0.0).to_bits())
    }
}
