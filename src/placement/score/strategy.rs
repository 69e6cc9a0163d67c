//! Scoring strategies (docs/placement.md, "Scoring").

use std::cmp::Ordering;

use super::terms::ScoreTerms;
use super::traffic::TrafficLocality;
use crate::model::{PlacementSpec, ScoringStrategy};

/// The score of a node for one PE. The score does not depend on other nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::placement) struct NodeScore {
    /// From 0 to 1; more is better.
    pub(in crate::placement) value: f64,
    /// The terms that order nodes of equal value: more is better, and the first term counts first.
    tie_breakers: [f64; 2],
}

impl NodeScore {
    /// Scores a node by the strategy of a PE, blended with risk and traffic by the weights of the PE's policy.
    pub(in crate::placement) fn new(spec: &PlacementSpec, terms: &ScoreTerms) -> Self {
        match spec.scheme {
            ScoringStrategy::BalancedInstance => Self::blend(spec, terms, terms.crowding, fewest_of_job(terms)),
            ScoringStrategy::BalancedJob => Self::blend(spec, terms, terms.job_crowding, -terms.crowding),
            ScoringStrategy::Legacy => Self::blend(spec, terms, terms.fullness, fewest_of_job(terms)),
            ScoringStrategy::Pack => Self::pack(terms),
        }
    }

    /// Orders scores best first: the better score is `Less`.
    pub(in crate::placement) fn compare(&self, other: &Self) -> Ordering {
        let ([first, second], [other_first, other_second]) = (self.tie_breakers, other.tie_breakers);
        let by_value = other.value.total_cmp(&self.value);
        by_value.then_with(|| other_first.total_cmp(&first)).then_with(|| other_second.total_cmp(&second))
    }

    /// Blends the cost of the strategy with risk and traffic. An unbounded cost is scaled to 0 to 1: one PE per core costs
    /// 0.5.
    fn blend(spec: &PlacementSpec, terms: &ScoreTerms, cost: f64, tie_breaker: f64) -> Self {
        let weight = |thousandths: u32| f64::from(thousandths) / 1_000.0;
        let (risk_weight, traffic_weight) = (weight(spec.risk_weight), weight(spec.traffic_weight));
        let far = 1.0 - local_share(terms);
        let burden = traffic_weight.mul_add(far, risk_weight.mul_add(terms.risk, cost / (1.0 + cost)));
        Self {
            value: 1.0 - burden / (1.0 + risk_weight + traffic_weight),
            tie_breakers: [tie_breaker, local_share(terms)],
        }
    }

    /// Prefers nodes with PEs of the job, then nodes with other PEs, then empty nodes. Ties are ordered by traffic, then by
    /// fullness.
    fn pack(terms: &ScoreTerms) -> Self {
        let value = match (terms.pes_of_job, terms.pes) {
            (0, 0) => 0.0,
            (0, _) => 0.5,
            _ => 1.0,
        };
        Self { value, tie_breakers: [local_share(terms), terms.fullness] }
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far fewer PEs than a float counts exactly")]
fn fewest_of_job(terms: &ScoreTerms) -> f64 {
    -(terms.pes_of_job as f64)
}

fn local_share(terms: &ScoreTerms) -> f64 {
    terms.locality.map_or(0.0, TrafficLocality::share)
}
