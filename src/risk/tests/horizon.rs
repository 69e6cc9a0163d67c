//! Old forecasts begin later, get wider, and never end; a path with a value that is no amount is no path.

use jiff::{SignedDuration, Timestamp};

use super::Horizon;
use crate::model::{DemandForecasts, DemandPath, MOST_HORIZON_STEPS};

const STEP: SignedDuration = SignedDuration::from_mins(5);

fn horizon(steps: usize, elapsed: i32) -> Horizon {
    let forecasts = DemandForecasts { step: STEP, steps, ..DemandForecasts::default() };
    Horizon::new(&forecasts, Timestamp::UNIX_EPOCH + STEP * elapsed).unwrap()
}

fn path() -> DemandPath {
    let mut path = DemandPath { mean: [f32::NAN; MOST_HORIZON_STEPS], deviation: [f32::NAN; MOST_HORIZON_STEPS] };
    path.mean[..3].copy_from_slice(&[100.0, 200.0, 300.0]);
    path.deviation[..3].copy_from_slice(&[1.0, 2.0, 3.0]);
    path
}

fn assert_same(found: &[f32], wanted: &[f32]) {
    let differs = |(found, wanted): (&f32, &f32)| (found - wanted).abs() > 1e-3;
    assert!(found.len() == wanted.len() && !found.iter().zip(wanted).any(differs), "{found:?} {wanted:?}");
}

#[test]
fn a_fresh_path_is_as_it_was_made_and_repeats_its_end() {
    let ahead = horizon(3, 0).path(&path()).unwrap();
    assert_same(&ahead.mean, &[100.0, 200.0, 300.0, 300.0, 300.0, 300.0, 300.0, 300.0, 300.0, 300.0, 300.0, 300.0]);
    assert_same(&ahead.deviation[..4], &[1.0, 2.0, 3.0, 3.0]);
}

#[test]
fn an_older_path_begins_later_and_is_wider_at_its_end() {
    let ahead = horizon(3, 1).path(&path()).unwrap();
    assert_same(&ahead.mean[..3], &[200.0, 300.0, 300.0]);
    assert_same(&ahead.deviation[..2], &[2.0, 3.0]);
    // 3² · 2 + 30² · 1
    assert!((ahead.deviation[2] - 918.0_f32.sqrt()).abs() < 1e-3, "{:?}", ahead.deviation);
    let very_old = horizon(3, 1_000).path(&path()).unwrap();
    assert!(very_old.deviation[0] > 200.0, "no data is wide: {:?}", very_old.deviation);
    assert_same(&very_old.mean[..1], &[300.0]);
}

#[test]
fn a_forecast_of_the_future_is_as_one_of_now() {
    assert_eq!(horizon(3, -7), horizon(3, 0));
}

#[test]
fn a_path_with_a_value_that_is_no_amount_is_no_path() {
    for wrong in [f32::NAN, -1.0, f32::INFINITY, 1e30] {
        let (mut mean, mut deviation) = (path(), path());
        mean.mean[1] = wrong;
        deviation.deviation[1] = wrong;
        assert_eq!(horizon(3, 0).path(&mean), None, "{wrong}");
        assert_eq!(horizon(3, 0).path(&deviation), None, "{wrong}");
    }
}

#[test]
fn forecasts_without_a_step_say_nothing() {
    let none = DemandForecasts { step: STEP, steps: 0, ..DemandForecasts::default() };
    assert_eq!(Horizon::new(&none, Timestamp::UNIX_EPOCH), None);
    let no_length = DemandForecasts { step: SignedDuration::ZERO, steps: 3, ..DemandForecasts::default() };
    assert_eq!(Horizon::new(&no_length, Timestamp::UNIX_EPOCH), None);
}
