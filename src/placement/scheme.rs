//! Schemes: what makes one node better than another (`PLACEMENT.md` 6).

use std::cmp::Ordering;

use super::traffic::Near;
use crate::model::{PlacementSpec, ScoringStrategy};

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

/// How good a node is for one PE: its own matter, whatever other nodes there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// The worth that kube-scheduler is told, from 0 to 1.
    pub(super) value: f64,
    /// What decides between nodes of equal worth: more is better, the first counts most.
    then: [f64; 2],
}

impl Standing {
    /// The standing of a node in the scheme of a PE, blended with risk and traffic as its policy weighs them.
    pub(super) fn of(spec: &PlacementSpec, node: &Measure) -> Self {
        match spec.scheme {
            ScoringStrategy::BalancedInstance => Self::blend(spec, node, node.crowding, fewest_of_job(node)),
            ScoringStrategy::BalancedJob => Self::blend(spec, node, node.job_crowding, -node.crowding),
            ScoringStrategy::Legacy => Self::blend(spec, node, node.fullness, fewest_of_job(node)),
            ScoringStrategy::Pack => Self::pack(node),
        }
    }

    /// The better one is `Less`: it comes first.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let later = other.then.iter().zip(&self.then).map(|(other, own)| other.total_cmp(own));
        later.fold(other.value.total_cmp(&self.value), Ordering::then)
    }

    /// A cost of the scheme, from 0 without bound, brought to 0 to 1: one PE per core costs half.
    fn blend(spec: &PlacementSpec, node: &Measure, cost: f64, tie: f64) -> Self {
        let weight = |thousandths: u32| f64::from(thousandths) / 1_000.0;
        let (risk_weight, traffic_weight) = (weight(spec.risk_weight), weight(spec.traffic_weight));
        let far = 1.0 - near(node);
        let burden = traffic_weight.mul_add(far, risk_weight.mul_add(node.risk, cost / (1.0 + cost)));
        Self { value: 1.0 - burden / (1.0 + risk_weight + traffic_weight), then: [tie, near(node)] }
    }

    /// Nodes with PEs of the job, nodes with others, empty nodes; among those of one kind by traffic, then the fullest.
    fn pack(node: &Measure) -> Self {
        let value = match (node.pes_of_job, node.pes) {
            (0, 0) => 0.0,
            (0, _) => 0.5,
            _ => 1.0,
        };
        Self { value, then: [near(node), node.fullness] }
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far fewer PEs than a float counts exactly")]
fn fewest_of_job(node: &Measure) -> f64 {
    -(node.pes_of_job as f64)
}

fn near(node: &Measure) -> f64 {
    node.near.map_or(0.0, Near::share)
}
