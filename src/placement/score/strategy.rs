//! Scoring strategies: what makes one node better than another (docs/placement.md, "Scoring").

use std::cmp::Ordering;

use super::terms::ScoreTerms;
use super::traffic::Near;
use crate::model::{PlacementSpec, ScoringStrategy};

/// How good a node is for one PE, whatever other nodes there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::placement) struct NodeScore {
    /// From 0 to 1: kube-scheduler gets this value on its own scale.
    pub(in crate::placement) value: f64,
    /// What decides between nodes of equal value: more is better, the first counts most.
    tie_breakers: [f64; 2],
}

impl NodeScore {
    /// Scores a node by the strategy of a PE, blended with risk and traffic as the PE's policy weighs them.
    pub(in crate::placement) fn new(spec: &PlacementSpec, terms: &ScoreTerms) -> Self {
        match spec.scheme {
            ScoringStrategy::BalancedInstance => Self::blend(spec, terms, terms.crowding, fewest_of_job(terms)),
            ScoringStrategy::BalancedJob => Self::blend(spec, terms, terms.job_crowding, -terms.crowding),
            ScoringStrategy::Legacy => Self::blend(spec, terms, terms.fullness, fewest_of_job(terms)),
            ScoringStrategy::Pack => Self::pack(terms),
        }
    }

    /// The better score is `Less`: its node comes first.
    pub(in crate::placement) fn compare(&self, other: &Self) -> Ordering {
        let ties = other.tie_breakers.iter().zip(&self.tie_breakers).map(|(other, own)| other.total_cmp(own));
        ties.fold(other.value.total_cmp(&self.value), Ordering::then)
    }

    /// Brings a cost of the strategy, from 0 without bound, to 0 to 1: one PE per core costs half.
    fn blend(spec: &PlacementSpec, terms: &ScoreTerms, cost: f64, tie_breaker: f64) -> Self {
        let weight = |thousandths: u32| f64::from(thousandths) / 1_000.0;
        let (risk_weight, traffic_weight) = (weight(spec.risk_weight), weight(spec.traffic_weight));
        let far = 1.0 - near_share(terms);
        let burden = traffic_weight.mul_add(far, risk_weight.mul_add(terms.risk, cost / (1.0 + cost)));
        Self {
            value: 1.0 - burden / (1.0 + risk_weight + traffic_weight),
            tie_breakers: [tie_breaker, near_share(terms)],
        }
    }

    /// Nodes with PEs of the job, then nodes with others, then empty nodes; among those of one kind by traffic, then the
    /// fullest.
    fn pack(terms: &ScoreTerms) -> Self {
        let value = match (terms.pes_of_job, terms.pes) {
            (0, 0) => 0.0,
            (0, _) => 0.5,
            _ => 1.0,
        };
        Self { value, tie_breakers: [near_share(terms), terms.fullness] }
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far fewer PEs than a float counts exactly")]
fn fewest_of_job(terms: &ScoreTerms) -> f64 {
    -(terms.pes_of_job as f64)
}

fn near_share(terms: &ScoreTerms) -> f64 {
    terms.near.map_or(0.0, Near::share)
}
