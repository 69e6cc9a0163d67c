//! Places groups one after another, each on its best node.

use std::sync::Arc;

use super::super::decide::{Foresight, PlacementDecision};
use super::assignment::Assignment;
use super::node_orders::{NodeOrders, ScoreClass};
use crate::model::Pe;
use crate::state::{NodeIndex, Snapshot};

/// How many nodes of the best score class are ranked by all terms.
const TIES: usize = 32;

/// Places each unplaced group on the best node that passes, in the order of the groups.
pub(super) fn place(assignment: &mut Assignment<'_>) {
    place_with(assignment, &Foresight::Pending);
}

/// Places all groups of a gang, or none. Look-ahead is not needed, because no member of a gang may be left over.
pub(super) fn place_gang(assignment: &mut Assignment<'_>) {
    place_with(assignment, &Foresight::Bucket);
    if assignment.left_over() > 0 {
        assignment.clear();
    }
}

fn place_with(assignment: &mut Assignment<'_>, foresight: &Foresight) {
    for group in 0..assignment.groups() {
        if assignment.node(group).is_none() {
            place_one(assignment, group, foresight);
        }
    }
}

fn place_one(assignment: &mut Assignment<'_>, group: usize, foresight: &Foresight) {
    let Some(first) = assignment.group(group).next() else { return };
    let (node_orders, snapshot) = assignment.node_orders_and_snapshot();
    let best = best_nodes(node_orders, snapshot, first, foresight);
    let placed = |assignment: &mut Assignment<'_>, nodes: Vec<NodeIndex>| {
        nodes.into_iter().any(|node| assignment.place(group, node).is_ok())
    };
    // Placing a member of a bucket may reject the node for the next member, so every node is tried then.
    if !placed(assignment, best) && assignment.group(group).count() > 1 {
        let nodes = all_nodes(assignment.snapshot(), first, foresight);
        placed(assignment, nodes);
    }
}

/// The best nodes that pass for a PE, best first.
fn best_nodes(
    node_orders: &mut NodeOrders,
    snapshot: &Snapshot,
    pe: &Arc<Pe>,
    foresight: &Foresight,
) -> Vec<NodeIndex> {
    let decision = PlacementDecision::new(pe, snapshot, foresight.clone());
    let passes = |index: &NodeIndex| decision.filter(*index).is_ok();
    if let Some(previous_node) = decision.previous_node().filter(passes) {
        return vec![previous_node];
    }
    if let Some(nodes) = decision.only_nodes() {
        return ranked(&decision, &nodes.iter().copied().filter(passes).collect::<Vec<NodeIndex>>());
    }
    let Some(classes) = node_orders.nodes_by_class(pe, snapshot) else {
        return all_nodes(snapshot, pe, foresight);
    };
    let (mut pass, mut ties) = (Vec::new(), 0);
    let mut best_class = None;
    for (class, index) in classes {
        if ties >= TIES || best_class.is_some_and(|best| best < class) {
            break;
        }
        if !passes(&index) {
            continue;
        }
        // Where demand is known, a node may be of a worse class than the order has it in.
        let own = if snapshot.knows_demand() { class_of(&decision, index).unwrap_or(class) } else { class };
        if best_class.is_none_or(|best| own < best) {
            (best_class, ties) = (Some(own), 0);
        }
        if best_class == Some(own) {
            ties += 1;
            pass.push(index);
        }
    }
    ranked(&decision, &pass)
}

/// The class of a node for the PE of a decision by all terms of its score.
fn class_of(decision: &PlacementDecision<'_>, index: NodeIndex) -> Option<ScoreClass> {
    decision.rank(&[index]).first().map(NodeOrders::class_of)
}

/// Every node that passes for a PE, best first.
fn all_nodes(snapshot: &Snapshot, pe: &Arc<Pe>, foresight: &Foresight) -> Vec<NodeIndex> {
    let decision = PlacementDecision::new(pe, snapshot, foresight.clone());
    let nodes = snapshot.indexes();
    ranked(&decision, &nodes.filter(|index| decision.filter(*index).is_ok()).collect::<Vec<NodeIndex>>())
}

fn ranked(decision: &PlacementDecision<'_>, nodes: &[NodeIndex]) -> Vec<NodeIndex> {
    decision.rank(nodes).into_iter().map(|node| node.node).collect()
}
