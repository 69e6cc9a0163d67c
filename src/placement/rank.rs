//! The order of the nodes that pass, and the score that kube-scheduler is told.

use std::cmp::Ordering;

use super::case::{Case, Given};
use super::risk::{limit_risk, ratio};
use super::scheme::{Measure, Standing};
use crate::model::NodeName;
use crate::state::{NodeIndex, NodeInfo};

/// The highest score of the extender contract; exactly one node gets it.
pub const HIGHEST_SCORE: u8 = 10;

/// A node that passed, with what placed it where it stands in the order.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// The node.
    pub node: NodeIndex,
    /// Its name.
    pub name: NodeName,
    /// What kube-scheduler is told: [`HIGHEST_SCORE`] for the best, from 1 to 9 for the rest.
    pub score: u8,
    /// How good it is in itself, from 0 to 1.
    pub worth: f64,
    /// What was measured.
    pub measure: Measure,
    /// True when an earlier incarnation of the PE was bound there last.
    pub previous_node: bool,
}

/// An order of nodes of which only the best are needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The best, best first.
    pub best: Vec<Ranked>,
    /// The nodes behind them in no particular order, each with its score.
    pub others: Vec<(NodeIndex, u8)>,
}

/// Where a node stands among others: what thousands of nodes are compared by, and no more.
#[derive(Clone, Copy)]
struct Place<'a> {
    previous_node: bool,
    standing: Standing,
    name: &'a NodeName,
    node: NodeIndex,
}

impl Case<'_> {
    /// Orders nodes that pass, best first (`PLACEMENT.md` 6): the PE's home, then by scheme, risk and traffic, then
    /// by name. The order is total, so the same nodes always give the same answer.
    #[must_use]
    pub fn rank(&self, nodes: &[NodeIndex]) -> Vec<Ranked> {
        self.rank_best(nodes.len(), nodes).best
    }

    /// The same order, with no more than so many of the best, at least one, told apart from the others.
    #[must_use]
    pub fn rank_best(&self, most: usize, nodes: &[NodeIndex]) -> Ranking {
        let Ok(given) = &self.given else { return Ranking::default() };
        let mut places: Vec<Place<'_>> = nodes.iter().filter_map(|index| self.place(given, *index)).collect();
        let front = most.max(1).min(places.len());
        if front < places.len() {
            places.select_nth_unstable_by(front, Place::best_first);
        }
        let (best, others) = places.split_at_mut_checked(front).unwrap_or_default();
        best.sort_unstable_by(Place::best_first);
        let scale = Scale::of(best.iter().chain(&*others));
        let ranked = |(number, place): (usize, &Place<'_>)| {
            let (info, _) = self.snapshot.info(place.node)?;
            Some(Ranked {
                node: place.node,
                name: place.name.clone(),
                score: if number == 0 { HIGHEST_SCORE } else { scale.score(place) },
                worth: place.standing.value,
                measure: self.measure(given, place.node, info),
                previous_node: place.previous_node,
            })
        };
        Ranking {
            best: best.iter().enumerate().filter_map(ranked).collect(),
            others: others.iter().map(|place| (place.node, scale.score(place))).collect(),
        }
    }

    /// The standing of a node by itself, and its name.
    pub(super) fn standing(&self, index: NodeIndex) -> Option<(Standing, NodeName)> {
        let given = self.given.as_ref().ok()?;
        let place = self.place(given, index)?;
        Some((place.standing, place.name.clone()))
    }

    fn place(&self, given: &Given<'_>, node: NodeIndex) -> Option<Place<'_>> {
        let (info, _) = self.snapshot.info(node)?;
        Some(Place {
            previous_node: given.previous_node == Some(node),
            standing: Standing::of(given.spec, &self.measure(given, node, info)),
            name: &info.name,
            node,
        })
    }

    fn measure(&self, given: &Given<'_>, node: NodeIndex, info: &NodeInfo) -> Measure {
        let (pes, pes_of_job) = (info.pes, given.siblings.on(node));
        let cpu = info.occupancy.allocatable.cpu.0;
        let per_core = |pes: usize| ratio(u64::try_from(pes).unwrap_or(u64::MAX), cpu) * 1_000.0;
        let requested = info.occupancy.requested.cpu.0.saturating_add(self.pe.pod.resources.requests.cpu.0);
        Measure {
            crowding: per_core(pes + 1),
            job_crowding: per_core(pes_of_job + 1),
            pes,
            pes_of_job,
            fullness: ratio(requested, cpu),
            risk: limit_risk(&info.occupancy, &self.pe.pod.resources),
            near: (!given.traffic.is_silent()).then(|| given.traffic.near(node, &info.node)),
        }
    }
}

impl Place<'_> {
    fn best_first(&self, other: &Self) -> Ordering {
        other
            .previous_node
            .cmp(&self.previous_node)
            .then_with(|| self.standing.compare(&other.standing))
            .then_with(|| self.name.cmp(other.name))
    }
}

/// What the worth of a node is measured against to score it: the least and the most of all.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    fn of<'p>(places: impl Iterator<Item = &'p Place<'p>>) -> Self {
        let worths = places.map(|place| place.standing.value);
        let widest = |Self { least, most }: Self, worth: f64| Self { least: least.min(worth), most: most.max(worth) };
        worths.fold(Self { least: f64::INFINITY, most: 0.0 }, widest)
    }

    /// From 1 to 9, so that what kube-scheduler scores itself can tell nodes apart.
    fn score(&self, place: &Place<'_>) -> u8 {
        let range = self.most - self.least;
        let share = if range > 0.0 { (place.standing.value - self.least) / range } else { 1.0 };
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
