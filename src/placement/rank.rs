//! The order of the nodes that pass, and the score that kube-scheduler is told.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::case::{Case, Given};
use super::constraints::pool_exclusive;
use super::risk::{limit_risk, ratio};
use super::scheme::{Measure, Standing};
use crate::model::{NodeName, Pe};
use crate::state::{NodeIndex, Summary, Tentative};

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

/// An order of nodes of which only the best are needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The best, best first.
    pub best: Vec<Ranked>,
    /// The nodes behind them in no particular order, each with its score.
    pub others: Vec<(NodeIndex, u8)>,
}

/// PEs that were proposed but not committed, by node.
type Proposed<'t> = BTreeMap<&'t NodeName, Vec<&'t Pe>>;

/// Where a node stands among others: what thousands of nodes are compared by, and no more.
#[derive(Clone, Copy)]
struct Place<'a> {
    contested: bool,
    home: bool,
    standing: Standing,
    name: &'a NodeName,
    node: NodeIndex,
}

impl Case<'_> {
    /// Orders nodes that pass, best first (`PLACEMENT.md` 6): uncontested ones, then the PE's home, then by scheme,
    /// risk and traffic, then by name. The order is total, so the same nodes always give the same answer.
    #[must_use]
    pub fn rank(&self, nodes: &[NodeIndex], tentative: &Tentative, now: Timestamp) -> Vec<Ranked> {
        self.rank_best(nodes.len(), nodes, tentative, now).best
    }

    /// The same order, with no more than so many of the best, at least one, told apart from the others.
    #[must_use]
    pub fn rank_best(&self, most: usize, nodes: &[NodeIndex], tentative: &Tentative, now: Timestamp) -> Ranking {
        let Ok(given) = &self.given else { return Ranking::default() };
        let proposed = self.proposed(tentative, now);
        let mut places: Vec<Place<'_>> =
            nodes.iter().filter_map(|index| self.place(given, *index, &proposed)).collect();
        let front = most.max(1).min(places.len());
        if front < places.len() {
            places.select_nth_unstable_by(front, Place::best_first);
        }
        let (best, others) = places.split_at_mut_checked(front).unwrap_or_default();
        best.sort_unstable_by(Place::best_first);
        let scale = Scale::of(best.iter().chain(&*others));
        let ranked = |(number, place): (usize, &Place<'_>)| {
            let (summary, _) = self.snapshot.summary(place.node)?;
            Some(Ranked {
                node: place.node,
                name: place.name.clone(),
                score: if number == 0 { HIGHEST_SCORE } else { scale.score(place) },
                worth: place.standing.value,
                measure: self.measure(given, place.node, summary, Self::here(&proposed, place.name)),
                home: place.home,
                contested: place.contested,
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
        let place = self.place(given, index, &Proposed::new())?;
        Some((place.standing, place.name.clone()))
    }

    /// Proposals by node, those of this PE left out, and those that have been committed: they count as placed.
    fn proposed<'t>(&self, tentative: &'t Tentative, now: Timestamp) -> Proposed<'t> {
        let is_placed = |pe: &Pe, node: &NodeName| {
            let row = self.snapshot.find(node.as_str()).and_then(|index| self.snapshot.node(index));
            row.is_some_and(|row| row.pes.iter().any(|placed| placed.pod.key.uid == pe.pod.key.uid))
        };
        let mut proposed = Proposed::new();
        for (pe, node) in tentative.at(now, &self.pe.pod.key.uid).filter(|(pe, node)| !is_placed(pe, node)) {
            proposed.entry(node).or_default().push(pe);
        }
        proposed
    }

    fn place(&self, given: &Given<'_>, node: NodeIndex, proposed: &Proposed<'_>) -> Option<Place<'_>> {
        let (summary, _) = self.snapshot.summary(node)?;
        let here = Self::here(proposed, &summary.name);
        Some(Place {
            contested: self.is_contested(given, &summary.name, here, proposed),
            home: given.home == Some(node),
            standing: Standing::of(given.wishes, &self.measure(given, node, summary, here)),
            name: &summary.name,
            node,
        })
    }

    /// The PEs that are proposed for a node.
    fn here<'p, 't>(proposed: &'p Proposed<'t>, name: &NodeName) -> &'p [&'t Pe] {
        if proposed.is_empty() { &[] } else { proposed.get(name).map_or(&[], Vec::as_slice) }
    }

    fn measure(&self, given: &Given<'_>, node: NodeIndex, summary: &Summary, here: &[&Pe]) -> Measure {
        let pes = summary.pes.saturating_add(here.len());
        let proposed_of_job = here.iter().filter(|pe| pe.job == self.pe.job).count();
        let pes_of_job = given.siblings.on(node).saturating_add(proposed_of_job);
        let cpu = summary.occupancy.allocatable.cpu.0;
        let per_core = |pes: usize| ratio(u64::try_from(pes).unwrap_or(u64::MAX), cpu) * 1_000.0;
        let requested = summary.occupancy.requested.cpu.0.saturating_add(self.pe.pod.footprint.requests.cpu.0);
        Measure {
            crowding: per_core(pes + 1),
            job_crowding: per_core(pes_of_job + 1),
            pes,
            pes_of_job,
            fullness: ratio(requested, cpu),
            risk: limit_risk(&summary.occupancy, &self.pe.pod.footprint),
            near: (!given.traffic.is_silent()).then(|| given.traffic.near(node, &summary.node)),
        }
    }

    /// True when the commitment of a proposal would make this node refuse the PE.
    fn is_contested(&self, given: &Given<'_>, name: &NodeName, here: &[&Pe], proposed: &Proposed<'_>) -> bool {
        let in_bucket = |pe: &Pe| given.bucket.others.iter().any(|member| member.pod.key.uid == pe.pod.key.uid);
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
        let excludes = |other: &Pe| {
            let of_pool = |owner: &Pe, guest: &Pe| pool_exclusive::excludes(owner, guest, self.snapshot);
            other.job != self.pe.job && (of_pool(other, self.pe) || of_pool(self.pe, other))
        };
        bucket_elsewhere
            || here.iter().any(|other| repelled(other) || excludes(other))
            || self.is_chosen_away(given, name, proposed)
    }

    /// True when proposals of the PE's job complete its choice of a sized pool without this node, or give the node another
    /// place of the pool than the PE's.
    fn is_chosen_away(&self, given: &Given<'_>, name: &NodeName, proposed: &Proposed<'_>) -> bool {
        let Some(size) = given.pool.and_then(|pool| pool.mode.size()) else { return false };
        let of_pool = |pe: &Pe| {
            let theirs = pe.wishes.as_ref().ok().filter(|theirs| theirs.hosts == given.wishes.hosts)?;
            (pe.job == self.pe.job).then_some(theirs.pool_index)
        };
        let mates = proposed.iter().flat_map(|(node, pes)| pes.iter().filter_map(|pe| Some((*node, of_pool(pe)?))));
        let mates: Vec<(&NodeName, Option<u32>)> = mates.collect();
        if mates.is_empty() {
            return false;
        }
        let chosen = given.allocation.nodes.iter().filter_map(|node| Some(&self.snapshot.node(*node)?.name));
        let chosen: BTreeSet<&NodeName> = chosen.chain(mates.iter().map(|(node, _)| *node)).collect();
        let is_misplaced =
            |own| mates.iter().any(|(node, place)| place.is_some_and(|place| (place == own) != (*node == name)));
        (chosen.len() >= size && !chosen.contains(name)) || given.wishes.pool_index.is_some_and(is_misplaced)
    }
}

impl Place<'_> {
    fn best_first(&self, other: &Self) -> Ordering {
        self.contested
            .cmp(&other.contested)
            .then_with(|| other.home.cmp(&self.home))
            .then_with(|| self.standing.compare(&other.standing))
            .then_with(|| self.name.cmp(other.name))
    }
}

/// What the worth of a node is measured against to score it: the least and the most among the uncontested.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    fn of<'p>(places: impl Iterator<Item = &'p Place<'p>>) -> Self {
        let worths = places.filter(|place| !place.contested).map(|place| place.standing.value);
        let widest = |Self { least, most }: Self, worth: f64| Self { least: least.min(worth), most: most.max(worth) };
        worths.fold(Self { least: f64::INFINITY, most: 0.0 }, widest)
    }

    /// From 1 to 9, so that what kube-scheduler scores itself can tell nodes apart; 0 where a node is contested.
    fn score(&self, place: &Place<'_>) -> u8 {
        if place.contested {
            return 0;
        }
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
