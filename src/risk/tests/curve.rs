//! A curve keeps the order of distances, whatever its shifts.

use proptest::prelude::*;

use super::super::normal::{LARGEST_DISTANCE, tail};
use super::{Curve, KNOTS, distance_of, nearest_knot};

#[test]
fn a_curve_without_shifts_corrects_nothing() {
    for distance in [-5.0, -1.3, 0.0, 0.7, 2.2, 9.0] {
        assert!((Curve::default().corrected(distance) - tail(distance)).abs() < 1e-12, "{distance}");
    }
}

#[test]
fn knots_are_half_a_deviation_apart() {
    for (knot, distance) in [(0, -2.0), (4, 0.0), (12, 4.0)] {
        assert!((distance_of(knot) - distance).abs() < 1e-12);
    }
    assert_eq!([-9.0, -0.1, 0.3, 3.7, 9.0].map(nearest_knot), [0, 4, 5, 11, 12]);
}

proptest! {
    #[test]
    fn a_larger_distance_never_has_a_higher_probability(
        shifts in prop::array::uniform13(-12.0..12.0_f64), weights in prop::array::uniform13(1.0..4_096.0_f64),
    ) {
        let curve = Curve::from_shifts(shifts, &weights);
        let distances = (-100..=100).map(|tenth| f64::from(tenth) / 20.0);
        let corrected: Vec<f64> = distances.map(|distance| curve.corrected(distance)).collect();
        prop_assert!(corrected.windows(2).all(|pair| pair[1] <= pair[0] + 1e-12), "{:?}", corrected);
        prop_assert!(corrected.iter().all(|probability| *probability > 0.0 && *probability < 1.0));
        prop_assert!((curve.least() - curve.corrected(LARGEST_DISTANCE)).abs() < 1e-15);
    }

    #[test]
    fn shifts_that_keep_the_order_stay(first in -3.0..3.0_f64, slope in -3.0..1.49_f64) {
        let shifts: [f64; KNOTS] = std::array::from_fn(|knot| slope.mul_add(distance_of(knot) + 2.0, first));
        let curve = Curve::from_shifts(shifts, &[1.0; KNOTS]);
        for (knot, shift) in shifts.iter().enumerate() {
            prop_assert!((curve.shift(distance_of(knot)) - shift).abs() < 1e-9);
        }
    }
}
