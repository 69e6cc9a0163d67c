use super::*;

#[test]
fn percents_are_read_within_bounds_and_shown_without_idle_zeros() {
    for (written, shown) in [(0.0, "0 %"), (76.0, "76 %"), (76.5, "76.5 %"), (0.0625, "0.063 %"), (1_000.0, "1000 %")] {
        assert_eq!(Percent::new(written).unwrap().to_string(), shown);
    }
    for written in [-0.1, 1_000.1, f64::NAN, f64::INFINITY] {
        assert_eq!(Percent::new(written), None, "{written}");
    }
    assert_eq!(Percent::new(100.0), Some(Percent::WHOLE));
}

#[test]
fn thresholds_are_above_zero_and_in_order() {
    let percent = |percent| Percent::new(percent).unwrap();
    assert_eq!(Thresholds::new(percent(75.0), percent(0.0)), None);
    assert_eq!(Thresholds::new(percent(75.0), percent(75.1)), None);
    assert!(Thresholds::new(percent(75.0), percent(75.0)).is_some());
    assert!(Thresholds::new(percent(75.0), percent(0.1)).is_some());
}
