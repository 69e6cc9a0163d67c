//! What one decision after another would do.

use std::sync::Arc;

use super::super::decide::{Decision, Foresight};
use super::candidates::Candidates;
use super::work::Work;
use crate::model::Pe;
use crate::state::{NodeIndex, Snapshot};

/// How many nodes of equal worth are compared in all they have.
const TIES: usize = 32;

/// Places the groups that are not placed, each on the best node that passes, in their order.
pub(super) fn place(work: &mut Work<'_>) {
    place_with(work, &Foresight::Pending);
}

/// Places the groups of a gang without look-ahead: of a gang nobody is left over. Takes back everything where one group
/// finds no node.
pub(super) fn place_gang(work: &mut Work<'_>) {
    place_with(work, &Foresight::Bucket);
    if work.left_over() > 0 {
        work.clear();
    }
}

fn place_with(work: &mut Work<'_>, foresight: &Foresight) {
    for group in 0..work.groups() {
        if work.node(group).is_none() {
            place_one(work, group, foresight);
        }
    }
}

fn place_one(work: &mut Work<'_>, group: usize, foresight: &Foresight) {
    let Some(first) = work.group(group).next() else { return };
    let (candidates, snapshot) = work.parts();
    let best = best(candidates, snapshot, first, foresight);
    let placed =
        |work: &mut Work<'_>, nodes: Vec<NodeIndex>| nodes.into_iter().any(|node| work.place(group, node).is_ok());
    // The others of a bucket have had their say about each node, but for what only placing shows.
    if !placed(work, best) && work.group(group).count() > 1 {
        let all = all(work.snapshot(), first, foresight);
        placed(work, all);
    }
}

/// The best nodes that pass for a PE, best first.
fn best(candidates: &mut Candidates, snapshot: &Snapshot, pe: &Arc<Pe>, foresight: &Foresight) -> Vec<NodeIndex> {
    let decision = Decision::new(pe, snapshot, foresight.clone());
    let passes = |index: &NodeIndex| decision.filter(*index).is_ok();
    if let Some(previous_node) = decision.previous_node().filter(passes) {
        return vec![previous_node];
    }
    if let Some(nodes) = decision.only_nodes() {
        return ranked(&decision, &nodes.iter().copied().filter(passes).collect::<Vec<NodeIndex>>());
    }
    let Some(classes) = candidates.in_classes(pe, snapshot) else { return all(snapshot, pe, foresight) };
    let mut pass = Vec::new();
    let mut class = None;
    for (worth, index) in classes {
        if pass.len() >= TIES || class.is_some_and(|class| class != worth) {
            break;
        }
        if passes(&index) {
            class = Some(worth);
            pass.push(index);
        }
    }
    ranked(&decision, &pass)
}

/// Every node that passes for a PE, best first.
fn all(snapshot: &Snapshot, pe: &Arc<Pe>, foresight: &Foresight) -> Vec<NodeIndex> {
    let decision = Decision::new(pe, snapshot, foresight.clone());
    let nodes = snapshot.indexes();
    ranked(&decision, &nodes.filter(|index| decision.filter(*index).is_ok()).collect::<Vec<NodeIndex>>())
}

fn ranked(decision: &Decision<'_>, nodes: &[NodeIndex]) -> Vec<NodeIndex> {
    decision.rank(nodes).into_iter().map(|node| node.node).collect()
}
