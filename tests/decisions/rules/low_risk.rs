//! `LowRiskOverCommitment` of kubernetes-sigs/scheduler-plugins, with its defaults: both risks have the same weight, a
//! smoothing window of 5, CPU and memory.

use super::{Rule, best};
use crate::view::{NodeView, PeId, View};
use crate::workload::NODE_CPU;

const WEIGHT: f64 = 0.5;
const SMOOTHING_WINDOW: f64 = 5.0;
/// The collector's longest window: 15 minutes.
const WINDOW: usize = 3;

#[derive(Debug)]
pub(crate) struct LowRiskOverCommitment;

impl Rule for LowRiskOverCommitment {
    fn name(&self) -> &'static str {
        "LowRiskOverCommitment"
    }

    fn choose(&mut self, view: &View<'_>, id: PeId, feasible: &[usize]) -> Option<usize> {
        let pe = view.pe(id);
        best(feasible, |index| {
            let node = &view.nodes[index];
            // The plugin takes a node without PEs and without use as certain to hold its load.
            let (requests, limits) = ((node.requested + pe.request).min(NODE_CPU), node.limits + pe.limit);
            let limit_risk = if limits > NODE_CPU { (limits - NODE_CPU) / (limits - requests) } else { 0.0 };
            let risk = WEIGHT.mul_add(limit_risk, (1.0 - WEIGHT) * load_risk(node));
            100.0 * (1.0 - risk)
        })
    }
}

/// One minus the probability that the load is at most what is allocated, by a beta distribution.
fn load_risk(node: &NodeView) -> f64 {
    let window = &node.measured[node.measured.len().saturating_sub(WINDOW)..];
    let count = window.len().max(1) as f64;
    let mean = (window.iter().sum::<f64>() / count / NODE_CPU).clamp(0.0, 1.0);
    let variance = window.iter().map(|used| (used / NODE_CPU - mean).powi(2)).sum::<f64>() / count;
    let deviation = (variance.sqrt() * SMOOTHING_WINDOW.sqrt()).min((mean * (1.0 - mean)).sqrt() * 0.999);
    let allocated = (node.requested / NODE_CPU).clamp(0.0, 1.0);
    let probability = if mean <= 0.0 {
        1.0
    } else if deviation <= 0.0 {
        f64::from(u8::from(mean <= allocated))
    } else {
        let total = mean * (1.0 - mean) / (deviation * deviation) - 1.0;
        let below = |threshold: f64| incomplete_beta(mean * total, (1.0 - mean) * total, threshold);
        let share = below(allocated);
        if node.limits < NODE_CPU && node.requested <= node.limits {
            let most = below(node.limits / NODE_CPU);
            if most > 0.0 { (share / most).min(1.0) } else { 1.0 }
        } else {
            share
        }
    };
    1.0 - probability
}

/// The regularised incomplete beta function, by its continued fraction (Numerical Recipes, 6.4).
fn incomplete_beta(alpha: f64, beta: f64, at: f64) -> f64 {
    if at <= 0.0 || at >= 1.0 {
        return at.clamp(0.0, 1.0);
    }
    let log =
        alpha.mul_add(at.ln(), beta * (1.0 - at).ln()) + log_gamma(alpha + beta) - log_gamma(alpha) - log_gamma(beta);
    if at < (alpha + 1.0) / (alpha + beta + 2.0) {
        log.exp() * fraction(alpha, beta, at) / alpha
    } else {
        1.0 - log.exp() * fraction(beta, alpha, 1.0 - at) / beta
    }
}

fn fraction(alpha: f64, beta: f64, at: f64) -> f64 {
    const LEAST: f64 = 1e-300;
    let floor = |value: f64| if value.abs() < LEAST { LEAST } else { value };
    let mut upper = 1.0;
    let mut lower = 1.0 / floor(1.0 - (alpha + beta) * at / (alpha + 1.0));
    let mut value = lower;
    for step in 1..300 {
        let step = f64::from(step);
        let even = step * (beta - step) * at / ((alpha + 2.0 * step - 1.0) * (alpha + 2.0 * step));
        lower = 1.0 / floor(even.mul_add(lower, 1.0));
        upper = floor(1.0 + even / upper);
        value *= lower * upper;
        let odd = -(alpha + step) * (alpha + beta + step) * at / ((alpha + 2.0 * step) * (alpha + 2.0 * step + 1.0));
        lower = 1.0 / floor(odd.mul_add(lower, 1.0));
        upper = floor(1.0 + odd / upper);
        value *= lower * upper;
        if (lower * upper - 1.0).abs() < 1e-12 {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function (Lanczos).
fn log_gamma(value: f64) -> f64 {
    const COEFFICIENTS: [f64; 6] = [
        76.180_091_729_471_46,
        -86.505_320_329_416_77,
        24.014_098_240_830_91,
        -1.231_739_572_450_155,
        0.001_208_650_973_866_179,
        -0.000_005_395_239_384_953,
    ];
    let shifted = value + 5.5 - (value + 0.5) * (value + 5.5).ln();
    let series = (1..)
        .zip(COEFFICIENTS)
        .fold(1.000_000_000_190_015, |sum, (place, coefficient)| sum + coefficient / (value + f64::from(place)));
    (2.506_628_274_631_000_5 * series / value).ln() - shifted
}
