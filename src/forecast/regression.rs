//! Recursive least squares with forgetting, robust against outliers.

use serde::{Deserialize, Serialize};

use super::array_serde;
use super::numbers::number;
use super::precision::Number;

/// A linear regression of `D` features, learnt sample by sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "N: Number")]
pub(super) struct Regression<N, const D: usize> {
    #[serde(with = "array_serde")]
    weights: [N; D],
    #[serde(with = "array_serde::square")]
    covariance: [[N; D]; D],
    count: u32,
    /// The usual error.
    scale: N,
}

/// The covariance at the beginning, on the diagonal. The mean of the diagonal never exceeds it.
const PRIOR: f64 = 100.0;
/// The usual error is at least this.
const LEAST_SCALE: f64 = 1e-4;
/// From this number of samples on, outliers are known.
const SEASONED: u32 = 20;

impl<N: Number, const D: usize> Regression<N, D> {
    pub(super) fn new(weights: [f64; D]) -> Self {
        let diagonal = |row| std::array::from_fn(|column| N::keep(if row == column { PRIOR } else { 0.0 }));
        Self { weights: weights.map(N::keep), covariance: std::array::from_fn(diagonal), count: 0, scale: N::default() }
    }

    pub(super) fn weights(&self) -> [f64; D] {
        self.weights.map(Number::exact)
    }

    /// Learns that `features` were followed by `target`. Of what was learnt before, `kept` stays.
    pub(super) fn learn(&mut self, features: &[f64; D], target: f64, kept: f64) {
        let error = target - dot(&self.weights(), features);
        let usual = self.scale.exact().max(LEAST_SCALE);
        let is_seasoned = self.count > SEASONED;
        let trust = if is_seasoned && error.abs() > 2.0 * usual { 2.0 * usual / error.abs() } else { 1.0 };

        let gain = self.covariance.map(|row| dot(&row.map(Number::exact), features));
        let denominator = kept / trust + dot(&gain, features);
        for (weight, gain) in self.weights.iter_mut().zip(gain) {
            *weight = N::keep(weight.exact() + gain * error / denominator);
        }
        let (by_denominator, grown) = (1.0 / denominator, 1.0 / kept);
        for (row, gain_of_row) in self.covariance.iter_mut().zip(gain) {
            for (value, gain) in row.iter_mut().zip(gain) {
                // The product of the two gains first: the covariance stays symmetric to the bit, or it would diverge.
                *value = N::keep((value.exact() - gain_of_row * gain * by_denominator) * grown);
            }
        }
        self.bound_covariance();

        let bounded = if is_seasoned { error.abs().min(5.0 * usual) } else { error.abs() };
        self.count = self.count.saturating_add(1);
        let scale = self.scale.exact();
        self.scale = N::keep(scale + (1.0 / f64::from(self.count)).max(0.01) * (bounded - scale));
    }

    /// Forgetting makes the covariance of features grow that stay zero.
    fn bound_covariance(&mut self) {
        let diagonal = self.covariance.iter().enumerate().filter_map(|(at, row)| row.get(at));
        let trace: f64 = diagonal.map(|value| value.exact()).sum();
        let most = PRIOR * number(D);
        if trace > most {
            for value in self.covariance.as_flattened_mut() {
                *value = N::keep(value.exact() * most / trace);
            }
        }
    }
}

pub(super) fn dot<const D: usize>(left: &[f64; D], right: &[f64; D]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}
