//! The mixture of experts: Bernstein online aggregation by the absolute error, with forgetting (Wintenberger 2017).

use serde::{Deserialize, Serialize};

use super::array_serde;
use super::numbers::number;
use super::precision::Number;

/// The weights of `K` experts, and what they were learnt from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "N: Number")]
pub(super) struct Mixture<N, const K: usize> {
    #[serde(with = "array_serde")]
    experts: [Standing<N>; K],
}

/// How an expert has done beside the mixture.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Standing<N> {
    regret: N,
    variance: N,
    weight: N,
}

/// How much of the past stays with each sample, and how much of a weight depends on it.
const KEPT: f64 = 0.99;

impl<N: Number, const K: usize> Mixture<N, K> {
    pub(super) fn new() -> Self {
        Self { experts: [Standing { weight: N::keep(1.0 / number(K)), ..Standing::default() }; K] }
    }

    pub(super) fn weights(&self) -> [f64; K] {
        self.experts.map(|expert| expert.weight.exact())
    }

    /// Learns from what the experts and the mixture forecast for a value that is known now.
    pub(super) fn learn(&mut self, forecasts: &[f64; K], mixture: f64, value: f64) {
        let side = if mixture > value { 1.0 } else { -1.0 };
        for (expert, forecast) in self.experts.iter_mut().zip(forecasts) {
            let regret = side * (mixture - forecast);
            expert.variance = N::keep(KEPT * expert.variance.exact() + regret * regret);
            expert.regret = N::keep(KEPT * expert.regret.exact() + regret);
        }
        let scores = self.experts.map(|expert| 2.0 * expert.regret.exact() / (expert.variance.exact() + 1e-14).sqrt());
        let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares = scores.map(|score| (score - best).exp());
        let sum: f64 = shares.iter().sum();
        for (expert, share) in self.experts.iter_mut().zip(shares) {
            expert.weight = N::keep(KEPT * share / sum + (1.0 - KEPT) / number(K));
        }
    }
}
