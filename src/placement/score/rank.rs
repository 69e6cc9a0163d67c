//! The order of the nodes that pass, and the score that kube-scheduler gets.

use std::cmp::Ordering;

use super::strategy::NodeScore;
use super::terms::{PreScoreState, ScoreTerms};
use crate::model::{NodeName, PlacementSpec};
use crate::state::{NodeIndex, Snapshot};

/// The highest score of the extender contract (`MaxExtenderPriority`); exactly one node gets it.
pub const HIGHEST_SCORE: u8 = 10;

/// A node that passed, with what decided its place in the order.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedNode {
    /// The node.
    pub node: NodeIndex,
    /// The name of the node.
    pub name: NodeName,
    /// The score for kube-scheduler: [`HIGHEST_SCORE`] for the best node, from 1 to 9 for the rest.
    pub extender_score: u8,
    /// How good the node is in itself, from 0 to 1.
    pub score: f64,
    /// What the score is made of.
    pub terms: ScoreTerms,
    /// True where an earlier pod of the PE was bound to the node last.
    pub is_previous_node: bool,
}

/// An order of nodes of which only the best are told apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The best nodes, best first.
    pub best: Vec<RankedNode>,
    /// The nodes behind them in no particular order, each with its score for kube-scheduler.
    pub others: Vec<(NodeIndex, u8)>,
}

/// What is put before the score of a node.
#[derive(Clone, Copy, Debug)]
pub(in crate::placement) struct Preference<'a> {
    /// The node that an earlier pod of the PE was bound to last: before all others.
    pub(in crate::placement) previous_node: Option<NodeIndex>,
    /// Nodes that were chosen for the PE before and to which kube-scheduler did not bind it: behind all others.
    pub(in crate::placement) unbound: &'a [NodeName],
}

/// The place of a node among others: what thousands of nodes are compared by, and no more.
#[derive(Clone, Copy)]
struct Place<'a> {
    was_unbound: bool,
    is_previous_node: bool,
    score: NodeScore,
    name: &'a NodeName,
    node: NodeIndex,
}

/// Orders nodes that pass, best first, and tells no more than `most` of the best apart, at least one: nodes that were
/// not chosen in vain before others, then the PE's previous node, then by strategy, risk and traffic, then by name. The
/// order is total, so the same nodes always give the same answer.
pub(in crate::placement) fn rank(
    (spec, state): (&PlacementSpec, &PreScoreState),
    nodes: &[NodeIndex],
    preference: Preference<'_>,
    most: usize,
    snapshot: &Snapshot,
) -> Ranking {
    let place = |node: &NodeIndex| {
        let (info, _) = snapshot.info(*node)?;
        Some(Place {
            was_unbound: preference.unbound.contains(&info.name),
            is_previous_node: preference.previous_node == Some(*node),
            score: NodeScore::new(spec, &state.terms(*node, info)),
            name: &info.name,
            node: *node,
        })
    };
    let mut places: Vec<Place<'_>> = nodes.iter().filter_map(place).collect();
    let front = most.max(1).min(places.len());
    if front < places.len() {
        places.select_nth_unstable_by(front, Place::best_first);
    }
    let (best, others) = places.split_at_mut_checked(front).unwrap_or_default();
    best.sort_unstable_by(Place::best_first);
    let scale = Scale::new(best.iter().chain(&*others));
    let ranked = |(number, place): (usize, &Place<'_>)| {
        let (info, _) = snapshot.info(place.node)?;
        Some(RankedNode {
            node: place.node,
            name: place.name.clone(),
            extender_score: if number == 0 { HIGHEST_SCORE } else { scale.extender_score(place) },
            score: place.score.value,
            terms: state.terms(place.node, info),
            is_previous_node: place.is_previous_node,
        })
    };
    Ranking {
        best: best.iter().enumerate().filter_map(ranked).collect(),
        others: others.iter().map(|place| (place.node, scale.extender_score(place))).collect(),
    }
}

impl Place<'_> {
    fn best_first(&self, other: &Self) -> Ordering {
        self.was_unbound
            .cmp(&other.was_unbound)
            .then_with(|| other.is_previous_node.cmp(&self.is_previous_node))
            .then_with(|| self.score.compare(&other.score))
            .then_with(|| self.name.cmp(other.name))
    }
}

/// The range of scores that the score of a node is put in relation to.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    fn new<'p>(places: impl Iterator<Item = &'p Place<'p>>) -> Self {
        let scores = places.map(|place| place.score.value);
        let widest = |Self { least, most }: Self, score: f64| Self { least: least.min(score), most: most.max(score) };
        scores.fold(Self { least: f64::INFINITY, most: 0.0 }, widest)
    }

    /// From 1 to 9, so that kube-scheduler's own scores can still tell nodes apart.
    fn extender_score(&self, place: &Place<'_>) -> u8 {
        let range = self.most - self.least;
        let share = if range > 0.0 { (place.score.value - self.least) / range } else { 1.0 };
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
