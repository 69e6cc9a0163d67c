//! The order of the nodes that pass, and the score that kube-scheduler is told.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::case::Case;
use super::risk::{limit_risk, ratio};
use crate::model::{NodeName, Pe};
use crate::state::{NodeIndex, NodeRow, Tentative};

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
    /// PEs of all jobs on the node, this one included, per core.
    pub crowding: f64,
    /// Risk by limits, from 0 to 1: see [`limit_risk`].
    pub risk: f64,
    /// PEs of the same job on the node.
    pub of_job: usize,
    /// True when a placement that was proposed but not committed speaks against the node.
    pub contested: bool,
}

impl Case<'_> {
    /// Orders nodes that pass, best first (`PLACEMENT.md` 6).
    ///
    /// `balancedInstance`: fewest PEs of all jobs per allocatable core, weighed against the risk by limits; ties by
    /// fewest of the job, then by name. The order is total, so the same nodes always give the same answer.
    #[must_use]
    pub fn rank(&self, nodes: &[NodeIndex], tentative: &Tentative, now: Timestamp) -> Vec<Ranked> {
        let proposed = self.proposed(tentative, now);
        let mut ranked: Vec<Ranked> = nodes.iter().filter_map(|index| self.measure(*index, &proposed)).collect();
        let value = self.values(&ranked);
        let mut order: Vec<(f64, Ranked)> = value.into_iter().zip(ranked.drain(..)).collect();
        order.sort_by(|(left_value, left), (right_value, right)| better(*left_value, left, *right_value, right));
        order
            .into_iter()
            .enumerate()
            .map(|(place, (value, node))| Ranked { score: score(place, value, &node), ..node })
            .collect()
    }

    /// Proposals by node, those of this PE left out.
    fn proposed<'t>(&self, tentative: &'t Tentative, now: Timestamp) -> BTreeMap<&'t NodeName, Vec<&'t Pe>> {
        let mut proposed: BTreeMap<&NodeName, Vec<&Pe>> = BTreeMap::new();
        for (pe, node) in tentative.at(now, &self.pe.pod.uid) {
            proposed.entry(node).or_default().push(pe);
        }
        proposed
    }

    fn measure(&self, index: NodeIndex, proposed: &BTreeMap<&NodeName, Vec<&Pe>>) -> Option<Ranked> {
        let row = self.snapshot.node(index)?;
        let node = row.node.as_deref()?;
        let here: &[&Pe] = proposed.get(&row.name).map_or(&[], Vec::as_slice);
        let pes = row.pes.len().saturating_add(here.len()).saturating_add(1);
        let of_job = |pe: &Pe| pe.job == self.pe.job;
        Some(Ranked {
            node: index,
            name: row.name.clone(),
            score: 0,
            crowding: ratio(u64::try_from(pes).unwrap_or(u64::MAX), node.allocatable.cpu.0) * 1_000.0,
            risk: limit_risk(row, &self.pe.footprint),
            of_job: row.pes.iter().filter(|pe| of_job(pe)).count() + here.iter().filter(|pe| of_job(pe)).count(),
            contested: self.is_contested(row, here, proposed),
        })
    }

    /// True when the commitment of a proposal would make this node refuse the PE.
    fn is_contested(&self, row: &NodeRow, here: &[&Pe], proposed: &BTreeMap<&NodeName, Vec<&Pe>>) -> bool {
        let Ok(given) = &self.given else { return false };
        let in_bucket = |pe: &Pe| given.bucket.others.iter().any(|member| member.pod.uid == pe.pod.uid);
        let bucket_elsewhere =
            proposed.iter().any(|(node, pes)| **node != row.name && pes.iter().any(|pe| in_bucket(pe)));
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

    /// The worth of each node from 0 to 1: little crowding among these nodes, little risk.
    fn values(&self, nodes: &[Ranked]) -> Vec<f64> {
        let least = nodes.iter().map(|node| node.crowding).fold(f64::INFINITY, f64::min);
        let most = nodes.iter().map(|node| node.crowding).fold(0.0, f64::max);
        let weight = self.given.as_ref().map_or(0.0, |given| f64::from(given.wishes.risk_weight) / 1_000.0);
        nodes
            .iter()
            .map(|node| {
                let crowding = if most > least { (node.crowding - least) / (most - least) } else { 0.0 };
                1.0 - weight.mul_add(node.risk, crowding) / (1.0 + weight)
            })
            .collect()
    }
}

fn better(left_value: f64, left: &Ranked, right_value: f64, right: &Ranked) -> Ordering {
    left.contested
        .cmp(&right.contested)
        .then_with(|| right_value.total_cmp(&left_value))
        .then_with(|| left.of_job.cmp(&right.of_job))
        .then_with(|| left.name.cmp(&right.name))
}

fn score(place: usize, value: f64, node: &Ranked) -> u8 {
    if place == 0 {
        return HIGHEST_SCORE;
    }
    if node.contested {
        return 0;
    }
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 9")]
    let score = value.clamp(0.0, 1.0).mul_add(8.0, 1.0) as u8;
    score
}
