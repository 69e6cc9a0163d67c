//! Ranks the nodes that pass, and computes the scores for kube-scheduler.

use std::cmp::Ordering;

use super::strategy::NodeScore;
use super::terms::{PreScoreState, ScoreTerms};
use crate::model::{NodeName, PlacementSpec};
use crate::state::{NodeIndex, Snapshot};

/// The highest score of the extender contract (`MaxExtenderPriority`); exactly one node gets it.
pub const HIGHEST_SCORE: u8 = 10;

/// A node that passed, with its score and its terms.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedNode {
    /// The node.
    pub node: NodeIndex,
    /// The name of the node.
    pub name: NodeName,
    /// The score for kube-scheduler: [`HIGHEST_SCORE`] for the best node, from 1 to 9 for the rest.
    pub extender_score: u8,
    /// The score of the node by the PE's strategy, from 0 to 1.
    pub score: f64,
    /// The terms of the score.
    pub terms: ScoreTerms,
    /// True where an earlier pod of the PE was bound to the node last.
    pub is_previous_node: bool,
}

/// A ranking of nodes in which only the best nodes are in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The best nodes, best first.
    pub best: Vec<RankedNode>,
    /// All other nodes in no order, each with its score for kube-scheduler.
    pub others: Vec<(NodeIndex, u8)>,
}

/// Criteria that count before the score of a node.
#[derive(Clone, Copy, Debug)]
pub(in crate::placement) struct Preference<'a> {
    /// The node that an earlier pod of the PE was bound to last. This node ranks first.
    pub(in crate::placement) previous_node: Option<NodeIndex>,
    /// Nodes that filter returned for the PE before, and to which kube-scheduler did not bind the pod. They rank last.
    pub(in crate::placement) unbound: &'a [NodeName],
}

/// A node with the values that nodes are compared by. Thousands of nodes are compared, so it holds no more than these.
#[derive(Clone, Copy)]
struct ScoredNode<'a> {
    precedence: Precedence,
    score: NodeScore,
    name: &'a NodeName,
    node: NodeIndex,
}

/// The criterion that counts before the score of a node, in the order of the ranking.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    PreviousNode,
    Score,
    /// kube-scheduler did not bind the pod to this node after an earlier cycle.
    Unbound,
}

/// Ranks nodes for one PE.
#[derive(Clone, Copy, Debug)]
pub(in crate::placement) struct Ranker<'a> {
    pub(in crate::placement) spec: &'a PlacementSpec,
    pub(in crate::placement) pre_score: &'a PreScoreState,
    pub(in crate::placement) preference: Preference<'a>,
    pub(in crate::placement) snapshot: &'a Snapshot,
}

impl<'a> Ranker<'a> {
    /// Ranks nodes that pass. At least one and at most `limit` of the best nodes are in order.
    ///
    /// Nodes that were returned before and not bound to rank last, and the previous node of the PE ranks first. All other
    /// nodes rank by score, then by name. The order is total, so the same nodes always give the same ranking.
    pub(in crate::placement) fn rank(&self, nodes: &[NodeIndex], limit: usize) -> Ranking {
        let mut scored: Vec<ScoredNode<'_>> = nodes.iter().filter_map(|node| self.score(*node)).collect();
        let front = limit.max(1).min(scored.len());
        if front < scored.len() {
            scored.select_nth_unstable_by(front, ScoredNode::best_first);
        }
        let (best, others) = scored.split_at_mut_checked(front).unwrap_or_default();
        best.sort_unstable_by(ScoredNode::best_first);
        let range = ScoreRange::new(best.iter().chain(&*others));
        let ranked = |(position, scored): (usize, &ScoredNode<'_>)| {
            let (info, _) = self.snapshot.info(scored.node)?;
            Some(RankedNode {
                node: scored.node,
                name: scored.name.clone(),
                extender_score: if position == 0 { HIGHEST_SCORE } else { range.extender_score(scored) },
                score: scored.score.value,
                terms: self.pre_score.terms(scored.node, info, self.snapshot),
                is_previous_node: self.preference.previous_node == Some(scored.node),
            })
        };
        Ranking {
            best: best.iter().enumerate().filter_map(ranked).collect(),
            others: others.iter().map(|scored| (scored.node, range.extender_score(scored))).collect(),
        }
    }

    fn score(&self, node: NodeIndex) -> Option<ScoredNode<'a>> {
        let (info, _) = self.snapshot.info(node)?;
        Some(ScoredNode {
            precedence: self.preference.precedence(node, &info.name),
            score: NodeScore::new(self.spec, &self.pre_score.terms(node, info, self.snapshot)),
            name: &info.name,
            node,
        })
    }
}

impl Preference<'_> {
    #[inline]
    fn precedence(&self, node: NodeIndex, name: &NodeName) -> Precedence {
        if !self.unbound.is_empty() && self.unbound.contains(name) {
            Precedence::Unbound
        } else if self.previous_node == Some(node) {
            Precedence::PreviousNode
        } else {
            Precedence::Score
        }
    }
}

impl ScoredNode<'_> {
    #[inline]
    fn best_first(&self, other: &Self) -> Ordering {
        self.precedence
            .cmp(&other.precedence)
            .then_with(|| self.score.compare(&other.score))
            .then_with(|| self.name.cmp(other.name))
    }
}

/// The range of the scores of all nodes.
struct ScoreRange {
    least: f64,
    most: f64,
}

impl ScoreRange {
    fn new<'p>(nodes: impl Iterator<Item = &'p ScoredNode<'p>>) -> Self {
        let scores = nodes.map(|node| node.score.value);
        let widest = |Self { least, most }: Self, score: f64| Self { least: least.min(score), most: most.max(score) };
        scores.fold(Self { least: f64::INFINITY, most: 0.0 }, widest)
    }

    /// The score of a node for kube-scheduler, from 1 to 9, in proportion to the range.
    fn extender_score(&self, node: &ScoredNode<'_>) -> u8 {
        let range = self.most - self.least;
        let share = if range > 0.0 { (node.score.value - self.least) / range } else { 1.0 };
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 1 to 9"
        )]
        let score = share.clamp(0.0, 1.0).mul_add(8.0, 1.0) as u8;
        score
    }
}
