//! The tail of the normal distribution.

/// Distances beyond this count as this. So no probability is 0 or 1: the distribution is an assumption, and says nothing about
/// one case in a hundred thousand.
pub(super) const LARGEST_DISTANCE: f64 = 4.25;

/// The density at the mean.
const DENSITY_AT_MEAN: f64 = 0.398_942_280_401_432_7;

/// The probability that a normal variable is more than `distance` standard deviations above its mean, with an error below
/// 1e-7 (Abramowitz and Stegun 1964, 26.2.17).
#[expect(clippy::suboptimal_flops, reason = "fused operations are calls of functions on most targets")]
pub(super) fn tail(distance: f64) -> f64 {
    let distance = distance.clamp(-LARGEST_DISTANCE, LARGEST_DISTANCE);
    let above = distance.abs();
    let t = 1.0 / (1.0 + 0.231_641_9 * above);
    let polynomial = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_53]
        .into_iter()
        .fold(0.0, |sum: f64, factor| sum * t + factor);
    let of_above = DENSITY_AT_MEAN * (-above * above / 2.0).exp() * polynomial * t;
    if distance < 0.0 { 1.0 - of_above } else { of_above }
}

#[cfg(test)]
#[path = "tests/normal.rs"]
mod tests;
