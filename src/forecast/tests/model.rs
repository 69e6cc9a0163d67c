use std::f64::consts::TAU;

use super::Model;
use crate::forecast::{Calendar, Exact};

/// The series of the golden values, with three missing samples and a spike.
fn sample(step: i64) -> Option<f64> {
    let time = f64::from(i32::try_from(step).unwrap());
    let noise = f64::from(i32::try_from((7_919 * step) % 101).unwrap()) / 101.0;
    let weekend = if step / 24 % 7 >= 5 { 0.2 } else { 0.0 };
    let value = 1_000.0 * (1.0 + 0.3 * (TAU * time / 24.0).sin() + 0.1 * noise - weekend);
    let spike = if step == 350 { 4.0 } else { 1.0 };
    (!(300..=302).contains(&step)).then(|| (spike * value).ln())
}

/// The model after so many samples.
fn model(samples: i64) -> Model<Exact> {
    let mut model = Model::new(Calendar::of_days(24).beginning_on_monday(), 12, 0);
    for step in 0..samples {
        model.observe(sample(step));
    }
    model
}

#[track_caller]
fn assert_near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} instead of {expected}");
}

#[test]
fn medians_are_the_golden_ones() {
    let golden = [
        (2, [1118.2398, 1118.2398, 1118.2398, 1118.2398, 1118.2398]),
        (30, [1334.4788, 1368.3021, 1367.9656, 1062.9599, 698.7915]),
        (100, [1319.9032, 1336.0326, 1368.0381, 1078.0468, 814.9732]),
        (303, [690.8295, 617.1920, 566.0424, 760.2886, 1015.0805]),
        (352, [836.4815, 821.9647, 892.7732, 1040.9420, 1249.2142]),
        (504, [1030.4315, 1122.2013, 1224.2723, 1272.1975, 1058.5556]),
    ];
    for (samples, expected) in golden {
        let medians: Vec<f64> = model(samples).predictions().map(|prediction| prediction.median.exp()).collect();
        assert_eq!(medians.len(), 12);
        for (lead, expected) in [1, 2, 4, 8, 12].into_iter().zip(expected) {
            assert_near(medians[lead - 1], expected, 6e-5);
        }
    }
}

#[test]
fn mixture_and_quantiles_are_the_golden_ones() {
    let model = model(504);
    for (found, expected) in model.trained[0].weights().mixture().into_iter().zip([0.8517, 0.0241, 0.0064, 0.1178]) {
        assert_near(found, expected, 6e-5);
    }
    let golden = [(1, [819.68, 912.06, 1145.89, 1283.91]), (12, [864.58, 960.84, 1131.26, 1209.77])];
    let predictions: Vec<_> = model.predictions().collect();
    for (lead, expected) in golden {
        for (found, expected) in predictions[lead - 1].quantiles.unwrap().into_iter().zip(expected) {
            assert_near(found.exp(), expected, 0.011);
        }
    }
}
