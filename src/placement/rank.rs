//! The order of the nodes that pass, and the score that kube-scheduler is told.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::case::{Case, Given};
use super::risk::{limit_risk, ratio};
use super::scheme::{Measure, Standing};
use crate::model::{NodeName, Pe};
use crate::state::{NodeIndex, Tentative};

/// The highest score of the extender contract; exactly one node gets it.
pub const HIGHEST_SCORE: u8 = 10;

/// A node that passed, with what placed it where it stands in the order.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// The node.
    pub node: NodeIndex,
    /// Its name.
    pub name: NodeName,
    /// What kube-scheduler is told: [`HIGHEST_SCORE`] for the best, from 0 to 9 for the rest.
    pub score: u8,
    /// How good it is in itself, from 0 to 1.
    pub worth: f64,
    /// What was measured.
    pub measure: Measure,
    /// True when an earlier incarnation of the PE was bound there last.
    pub home: bool,
    /// True when a placement that was proposed but not committed speaks against the node.
    pub contested: bool,
}

/// PEs that were proposed but not committed, by node.
type Proposed<'t> = BTreeMap<&'t NodeName, Vec<&'t Pe>>;

impl Case<'_> {
    /// Orders nodes that pass, best first (`PLACEMENT.md` 6): uncontested ones, then the PE's home, then by scheme,
    /// risk and traffic, then by name. The order is total, so the same nodes always give the same answer.
    #[must_use]
    pub fn rank(&self, nodes: &[NodeIndex], tentative: &Tentative, now: Timestamp) -> Vec<Ranked> {
        self.rank_best(nodes.len(), nodes, tentative, now)
    }

    /// The same with only so many of the best in their order, at the front; the rest is behind them as it comes, each
    /// with its score.
    #[must_use]
    pub fn rank_best(&self, most: usize, nodes: &[NodeIndex], tentative: &Tentative, now: Timestamp) -> Vec<Ranked> {
        let Ok(given) = &self.given else { return Vec::new() };
        let proposed = self.proposed(tentative, now);
        let found = nodes.iter().filter_map(|index| self.measure(given, *index, &proposed));
        let mut order: Vec<(Standing, Ranked)> =
            found.map(|node| (Standing::of(given.wishes, &node.measure), node)).collect();
        let front = most.clamp(1, order.len().max(1));
        if front < order.len() {
            order.select_nth_unstable_by(front, best_first);
        }
        if let Some(front) = order.get_mut(..front) {
            front.sort_unstable_by(best_first);
        }
        let values = || order.iter().filter(|(_, node)| !node.contested).map(|(standing, _)| standing.value);
        let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        let scored = |(place, (standing, node)): (usize, (Standing, Ranked))| {
            let share = if most > least { (standing.value - least) / (most - least) } else { 1.0 };
            let score = match (place, node.contested) {
                (0, _) => HIGHEST_SCORE,
                (_, true) => 0,
                (_, false) => score(share),
            };
            Ranked { score, worth: standing.value, ..node }
        };
        order.into_iter().enumerate().map(scored).collect()
    }

    /// The standing of a node by itself, and its name.
    pub(super) fn standing(&self, index: NodeIndex) -> Option<(Standing, NodeName)> {
        let given = self.given.as_ref().ok()?;
        let node = self.measure(given, index, &Proposed::new())?;
        Some((Standing::of(given.wishes, &node.measure), node.name))
    }

    /// Proposals by node, those of this PE left out, and those that have been committed: they count as placed.
    fn proposed<'t>(&self, tentative: &'t Tentative, now: Timestamp) -> Proposed<'t> {
        let is_placed = |pe: &Pe, node: &NodeName| {
            let row = self.snapshot.find(node.as_str()).and_then(|index| self.snapshot.node(index));
            row.is_some_and(|row| row.pes.iter().any(|placed| placed.pod.uid == pe.pod.uid))
        };
        let mut proposed = Proposed::new();
        for (pe, node) in tentative.at(now, &self.pe.pod.uid).filter(|(pe, node)| !is_placed(pe, node)) {
            proposed.entry(node).or_default().push(pe);
        }
        proposed
    }

    fn measure(&self, given: &Given<'_>, index: NodeIndex, proposed: &Proposed<'_>) -> Option<Ranked> {
        let (summary, _) = self.snapshot.summary(index)?;
        let here: &[&Pe] = proposed.get(&summary.name).map_or(&[], Vec::as_slice);
        let pes = summary.pes.saturating_add(here.len());
        let proposed_of_job = here.iter().filter(|pe| pe.job == self.pe.job).count();
        let pes_of_job = given.siblings.on(index).saturating_add(proposed_of_job);
        let cpu = summary.occupancy.allocatable.cpu.0;
        let per_core = |pes: usize| ratio(u64::try_from(pes).unwrap_or(u64::MAX), cpu) * 1_000.0;
        let requested = summary.occupancy.requested.cpu.0.saturating_add(self.pe.footprint.requests.cpu.0);
        let measure = Measure {
            crowding: per_core(pes + 1),
            job_crowding: per_core(pes_of_job + 1),
            pes,
            pes_of_job,
            fullness: ratio(requested, cpu),
            risk: limit_risk(&summary.occupancy, &self.pe.footprint),
            near: (!given.traffic.is_silent()).then(|| given.traffic.near(index, &summary.node)),
        };
        Some(Ranked {
            node: index,
            name: summary.name.clone(),
            score: 0,
            worth: 0.0,
            measure,
            home: given.home == Some(index),
            contested: self.is_contested(given, &summary.name, here, proposed),
        })
    }

    /// True when the commitment of a proposal would make this node refuse the PE.
    fn is_contested(&self, given: &Given<'_>, name: &NodeName, here: &[&Pe], proposed: &Proposed<'_>) -> bool {
        let in_bucket = |pe: &Pe| given.bucket.others.iter().any(|member| member.pod.uid == pe.pod.uid);
        let bucket_elsewhere = proposed.iter().any(|(node, pes)| *node != name && pes.iter().any(|pe| in_bucket(pe)));
        let repelled = |other: &Pe| {
            other.wishes.as_ref().is_ok_and(|theirs| {
                let shares = other.job == self.pe.job
                    && given.wishes.exlocation.iter().any(|token| theirs.exlocation.contains(token));
                let isolates = theirs.isolation.is_some_and(|scope| scope.reaches(&other.job, &self.pe.job))
                    || given.wishes.isolation.is_some_and(|scope| scope.reaches(&self.pe.job, &other.job));
                shares || isolates
            })
        };
        bucket_elsewhere || here.iter().any(|other| repelled(other))
    }
}

fn best_first((standing, node): &(Standing, Ranked), (other_standing, other): &(Standing, Ranked)) -> Ordering {
    node.contested
        .cmp(&other.contested)
        .then_with(|| other.home.cmp(&node.home))
        .then_with(|| standing.compare(other_standing))
        .then_with(|| node.name.cmp(&other.name))
}

/// From 1 to 9, so that what kube-scheduler scores itself can tell the rest apart.
fn score(share: f64) -> u8 {
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 9")]
    let score = share.clamp(0.0, 1.0).mul_add(8.0, 1.0) as u8;
    score
}
