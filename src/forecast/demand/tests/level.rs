use jiff::SignedDuration;

use super::LevelForecaster;
use crate::forecast::demand::grid::DemandGrid;
use crate::forecast::demand::path::{RawPath, UPPER_OF_80};

fn grid() -> DemandGrid {
    DemandGrid::new(SignedDuration::from_secs(1), SignedDuration::from_secs(48), 12).unwrap()
}

fn learnt(steps: std::ops::Range<i64>, value: impl Fn(i64) -> Option<f64>) -> LevelForecaster {
    let mut forecaster = LevelForecaster::default();
    for step in steps {
        forecaster.observe(step, value(step), grid());
    }
    forecaster
}

fn path(forecaster: &LevelForecaster, missing: u32) -> RawPath {
    forecaster.path(missing, grid()).unwrap()
}

fn daily(step: i64) -> f64 {
    let angle = f64::from(i32::try_from(step.rem_euclid(48)).unwrap()) / 48.0 * std::f64::consts::TAU;
    300.0 + 100.0 * angle.sin()
}

#[test]
fn nothing_is_forecast_before_a_value_and_no_error_is_known_after_one() {
    assert_eq!(LevelForecaster::default().path(0, grid()), None);
    assert_eq!(learnt(0..5, |_| None).path(0, grid()), None);
    assert_eq!(path(&learnt(0..1, |_| Some(5.0)), 0), RawPath { mean: [5.0; 12], deviation: None });
}

#[test]
fn the_course_of_a_season_is_learnt() {
    let path = path(&learnt(0..480, |step| Some(daily(step))), 0);
    for (step, mean) in (480..).zip(path.mean) {
        let expected = daily(step);
        assert!((mean - expected).abs() < 0.08 * expected, "{mean} instead of {expected}");
    }
}

#[test]
fn a_gap_is_no_zero_and_widens() {
    let value = |step: i64| 100.0 + f64::from(i32::try_from((step * 7_919) % 11).unwrap());
    let whole = learnt(0..200, |step| Some(value(step)));
    let gap = learnt(0..230, |step| (step < 200).then(|| value(step)));
    let (before, after) = (path(&whole, 0), path(&gap, 30));
    assert!(after.mean.iter().all(|mean| (95.0..115.0).contains(mean)), "{after:?}");
    let (before, after) = (before.deviation.unwrap(), after.deviation.unwrap());
    assert!(after[0] > 1.4 * before[11], "{after:?} after {before:?}");
}

#[test]
fn after_a_flat_stretch_a_change_is_learnt() {
    let forecaster =
        learnt(0..400, |step| Some(if step < 300 { 100.0 } else { 100.0 + 40.0 * f64::from(step % 2 == 0) }));
    let deviation = path(&forecaster, 0).deviation.unwrap();
    assert!(deviation[0] > 10.0, "{deviation:?}");
}

#[test]
fn a_tenth_of_the_values_is_above_the_upper_bound() {
    let mut random: u64 = 7;
    let mut forecaster = LevelForecaster::default();
    let mut above = [0_u32; 2];
    let mut made: Vec<RawPath> = Vec::new();
    for step in 0..6_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // An exponential distribution: skewed.
        let uniform = (f64::from(u32::try_from(random >> 40).unwrap()) + 1.0) / f64::from((1 << 24) + 1);
        let value = daily(step) - 60.0 * uniform.ln();
        for (count, lead) in above.iter_mut().zip([0, 11]) {
            if let Some(path) = made.len().checked_sub(lead + 1).map(|at| &made[at]).filter(|_| step > 1_000) {
                let upper = path.mean[lead] + UPPER_OF_80 * path.deviation.unwrap()[lead];
                *count += u32::from(value > upper);
            }
        }
        forecaster.observe(step, Some(value), grid());
        made.push(path(&forecaster, 0));
    }
    for count in above {
        assert!((350..650).contains(&count), "{above:?} of 5000");
    }
}
