use jiff::SignedDuration;

use super::SeasonCourse;
use crate::forecast::demand::grid::DemandGrid;

/// Seasons of 24 hours of two steps.
fn grid() -> DemandGrid {
    DemandGrid::new(SignedDuration::from_secs(1), SignedDuration::from_secs(48), 12).unwrap()
}

fn learnt(steps: i64, value: impl Fn(i64) -> f64) -> SeasonCourse {
    let mut course = SeasonCourse::default();
    for step in 0..steps {
        course.learn(step, value(step), grid());
    }
    course
}

/// Ten more in the second half of each season.
fn halves(step: i64) -> f64 {
    if step.rem_euclid(48) < 24 { 100.0 } else { 110.0 }
}

#[track_caller]
fn assert_change(course: &SeasonCourse, from: i64, to: i64, expected: f64) {
    let found = course.change(from, to, grid());
    assert!((found - expected).abs() < 0.1, "{found} instead of {expected} from {from} to {to}");
}

#[test]
fn changes_between_hours_are_learnt_and_add_up() {
    let course = learnt(48 * 20, halves);
    assert_change(&course, 961, 969, 0.0);
    assert_change(&course, 980, 990, 10.0);
    assert_change(&course, 1_004, 1_012, -10.0);
    assert_change(&course, 980, 980 + 48, 0.0);
    assert_change(&course, 980, 990 + 48 * 1_000, 10.0);
    assert_change(&SeasonCourse::default(), 5, 30, 0.0);
}

#[test]
fn a_level_that_changes_for_good_changes_one_hour_alone() {
    let course = learnt(48 * 20 + 13, |step| halves(step) + if step < 48 * 20 + 4 { 0.0 } else { 500.0 });
    assert_change(&course, 48 * 20 + 12, 48 * 20 + 22, 0.0);
    assert_change(&course, 48 * 20 + 20, 48 * 20 + 32, 10.0);
}

#[test]
fn nothing_is_learnt_across_a_gap() {
    let mut course = learnt(40, |_| 100.0);
    for step in 48 * 3..48 * 3 + 4 {
        course.learn(step, 900.0, grid());
    }
    assert_change(&course, 48 * 3 + 4, 48 * 3 + 40, 0.0);
}
