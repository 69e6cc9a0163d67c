use super::normal_quantile;

#[test]
fn quantiles_are_those_of_tables() {
    let table = [
        (0.5, 0.0),
        (0.9, 1.281_551_565_544_6),
        (0.975, 1.959_963_984_540_05),
        (0.999, 3.090_232_306_167_81),
        (0.01, -2.326_347_874_040_84),
        (1e-9, -5.997_807_015_007_77),
    ];
    for (probability, expected) in table {
        let found = normal_quantile(probability);
        assert!((found - expected).abs() < 1e-8, "{found} instead of {expected} at {probability}");
    }
}

#[test]
fn no_probability_gives_no_number_and_no_panic() {
    assert!(normal_quantile(0.0).is_infinite() && normal_quantile(0.0) < 0.0);
    assert!(normal_quantile(1.0).is_infinite() && normal_quantile(1.0) > 0.0);
    assert!(normal_quantile(f64::NAN) < 0.0);
}
