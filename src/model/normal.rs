//! Quantiles of the normal distribution.

/// The quantile of the standard normal distribution: the number that a standard normal variable does not exceed with this
/// probability. Infinite for the probabilities 0 and 1, and outside them.
///
/// The relative error is below 1.2e-9 (P. J. Acklam, *An algorithm for computing the inverse normal cumulative distribution
/// function*, 2003).
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    const CENTRE: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const CENTRE_DIVISOR: [f64; 6] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
        1.0,
    ];
    /// The tails begin at this probability.
    const TAIL: f64 = 0.024_25;

    if probability.is_nan() || probability <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if probability >= 1.0 {
        return f64::INFINITY;
    }
    if probability < TAIL {
        return lower_tail(probability);
    }
    if probability > 1.0 - TAIL {
        return -lower_tail(1.0 - probability);
    }
    let from_centre = probability - 0.5;
    let square = from_centre * from_centre;
    from_centre * polynomial(CENTRE, square) / polynomial(CENTRE_DIVISOR, square)
}

fn lower_tail(probability: f64) -> f64 {
    const TAIL: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_4,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const TAIL_DIVISOR: [f64; 5] =
        [0.007_784_695_709_041_462, 0.322_467_129_070_039_8, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];
    let depth = (-2.0 * probability.ln()).sqrt();
    polynomial(TAIL, depth) / polynomial(TAIL_DIVISOR, depth)
}

/// The value of a polynomial, whose factors begin with that of the highest power.
fn polynomial<const N: usize>(factors: [f64; N], at: f64) -> f64 {
    factors.into_iter().fold(0.0, |sum, factor| f64::mul_add(sum, at, factor))
}

#[cfg(test)]
#[path = "tests/normal.rs"]
mod tests;
