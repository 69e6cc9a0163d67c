//! Schemes: what makes one node better than another (`PLACEMENT.md` 6).

use std::cmp::Ordering;

use super::traffic::Near;
use crate::model::{Scheme, Wishes};

/// What is measured of a node for one PE.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measure {
    /// PEs of all jobs on the node, this one included, per core.
    pub crowding: f64,
    /// PEs of the same job on the node, this one included, per core.
    pub job_crowding: f64,
    /// PEs of all jobs on the node, without this one.
    pub pes: usize,
    /// PEs of the same job on the node, without this one.
    pub pes_of_job: usize,
    /// Share of the allocatable CPU that is requested with this PE, from 0; above 1 where a node is overbooked.
    pub fullness: f64,
    /// Risk by limits, from 0 to 1: see [`super::limit_risk`].
    pub risk: f64,
    /// What stays near of its declared traffic; `None` where it declares none.
    pub near: Option<Near>,
}

/// How good a node is, among those that it is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// The worth that kube-scheduler is told, from 0 to 1.
    pub(super) value: f64,
    /// What decides between nodes of equal worth: more is better, the first counts most.
    then: [f64; 2],
}

impl Standing {
    /// The better one is `Less`: it comes first.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let later = other.then.iter().zip(&self.then).map(|(other, own)| other.total_cmp(own));
        later.fold(other.value.total_cmp(&self.value), Ordering::then)
    }
}

/// The standing of every node of a choice.
pub(super) fn standings(wishes: &Wishes, measures: &[Measure]) -> Vec<Standing> {
    match wishes.scheme {
        Scheme::BalancedInstance => blend(wishes, measures, |node| node.crowding, fewest_of_job),
        Scheme::BalancedJob => blend(wishes, measures, |node| node.job_crowding, |node| -node.crowding),
        Scheme::Legacy => blend(wishes, measures, |node| node.fullness, fewest_of_job),
        Scheme::Pack => measures.iter().map(pack).collect(),
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far fewer PEs than a float counts exactly")]
fn fewest_of_job(node: &Measure) -> f64 {
    -(node.pes_of_job as f64)
}

fn near(node: &Measure) -> f64 {
    node.near.map_or(0.0, Near::share)
}

/// Nodes with PEs of the job, nodes with others, empty nodes; among those of one kind by traffic, then the fullest.
fn pack(node: &Measure) -> Standing {
    let value = match (node.pes_of_job, node.pes) {
        (0, 0) => 0.0,
        (0, _) => 0.5,
        _ => 1.0,
    };
    Standing { value, then: [near(node), node.fullness] }
}

/// A cost of the scheme, risk, and traffic that does not stay near, as the policy weighs them; then ties.
fn blend(wishes: &Wishes, nodes: &[Measure], cost: fn(&Measure) -> f64, tie: fn(&Measure) -> f64) -> Vec<Standing> {
    let least = nodes.iter().map(cost).fold(f64::INFINITY, f64::min);
    let most = nodes.iter().map(cost).fold(0.0, f64::max);
    let weight = |thousandths: u32| f64::from(thousandths) / 1_000.0;
    let (risk_weight, traffic_weight) = (weight(wishes.risk_weight), weight(wishes.traffic_weight));
    let standing = |node: &Measure| {
        let cost = if most > least { (cost(node) - least) / (most - least) } else { 0.0 };
        let far = 1.0 - near(node);
        let burden = traffic_weight.mul_add(far, risk_weight.mul_add(node.risk, cost));
        Standing { value: 1.0 - burden / (1.0 + risk_weight + traffic_weight), then: [tie(node), near(node)] }
    };
    nodes.iter().map(standing).collect()
}
