//! A probability is a number from 0 to 1, and reads as 0 or 1 only where it is that.

use super::Probability;

#[test]
fn a_probability_is_a_number_from_0_to_1() {
    for wrong in [-0.001, 1.001, f64::NAN, f64::INFINITY] {
        assert_eq!(Probability::new(wrong), None, "{wrong}");
    }
    assert_eq!(Probability::new(1.0), Some(Probability::ONE));
    assert!((Probability::new(0.25).unwrap().number() - 0.25).abs() < 1e-9);
}

#[test]
fn a_small_probability_does_not_read_as_none() {
    let text = |number: f64| Probability::new(number).unwrap().to_string();
    assert_eq!(
        [0.0, 1e-5, 0.004_9, 0.005, 0.12, 0.994, 0.999, 1.0].map(text),
        ["0.00", "<0.01", "<0.01", "0.01", "0.12", "0.99", ">0.99", "1.00"]
    );
}
