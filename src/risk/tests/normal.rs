//! The tail has the values of the tables, and is never 0 or 1.

use super::tail;

#[test]
fn the_tail_has_the_values_of_the_tables() {
    let values = [(0.0, 0.5), (1.0, 0.158_655_254), (2.0, 0.022_750_132), (3.0, 0.001_349_898), (4.0, 0.000_031_671)];
    for (distance, probability) in values {
        assert!((tail(distance) - probability).abs() < 1e-7, "{distance}: {}", tail(distance));
        assert!((tail(-distance) - (1.0 - probability)).abs() < 1e-7, "-{distance}: {}", tail(-distance));
    }
}

#[test]
fn nothing_is_certain_and_nothing_is_impossible() {
    for distance in [1e9, f64::INFINITY, -1e9, f64::NEG_INFINITY] {
        assert!(tail(distance) > 1e-6 && tail(distance) < 1.0 - 1e-6, "{distance}: {}", tail(distance));
    }
}
