use jiff::{SignedDuration, Timestamp};

use super::StepClock;
use crate::forecast::demand::grid::DemandGrid;

/// Steps of a second in seasons of a minute.
fn grid() -> DemandGrid {
    DemandGrid::new(SignedDuration::from_secs(1), SignedDuration::from_secs(60), 12).unwrap()
}

fn steps(seconds: &[i64]) -> Vec<Option<i64>> {
    let mut clock = StepClock::default();
    let times = seconds.iter().map(|second| Timestamp::from_second(*second).unwrap());
    times.map(|at| clock.advance(at, grid())).collect()
}

#[test]
fn late_and_repeated_observations_do_not_count_and_gaps_do() {
    assert_eq!(
        steps(&[100, 101, 101, 99, 89, 102, 150]),
        [Some(100), Some(101), None, None, None, Some(102), Some(150)]
    );
}

#[test]
fn one_wrong_time_is_ignored_in_either_direction() {
    assert_eq!(steps(&[1_000, 90_000, 1_001, 5, 1_002]), [Some(1_000), None, Some(1_001), None, Some(1_002)]);
    assert_eq!(steps(&[1_000, 90_000, 5, 90_001, 6]), [Some(1_000), None, None, None, None], "these do not agree");
}

#[test]
fn a_clock_that_was_set_forward_is_believed_after_three_observations() {
    assert_eq!(steps(&[1_000, 90_000, 90_001, 90_002]), [Some(1_000), None, None, Some(90_002)]);
}

#[test]
fn after_a_clock_was_set_back_steps_go_on_at_the_same_place_in_the_season() {
    let found = steps(&[1_000, 700, 701, 702, 703]);
    assert_eq!(found, [Some(1_000), None, None, Some(702 + 300), Some(703 + 300)]);
    // A whole number of seasons, and at most one of them is missing.
    let found = steps(&[1_000, 970, 971, 972])[3].unwrap();
    assert_eq!((found - 972) % 60, 0);
    assert!((1..=60).contains(&(found - 1_000)), "{found}");
}
