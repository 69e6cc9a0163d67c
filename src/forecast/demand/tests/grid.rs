use jiff::SignedDuration;

use super::{DemandGrid, InvalidDemandGrid};

#[test]
fn the_default_is_five_minutes_in_days_an_hour_ahead() {
    let (step, season) = (SignedDuration::from_mins(5), SignedDuration::from_hours(24));
    assert_eq!(DemandGrid::new(step, season, 12), Ok(DemandGrid::default()));
}

#[test]
fn what_makes_no_grid_is_an_error_that_says_what_to_write() {
    let seconds = SignedDuration::from_secs;
    let cases = [
        (SignedDuration::from_millis(500), seconds(60), 1, "is not a whole number of seconds"),
        (seconds(0), seconds(60), 1, "is not a whole number of seconds"),
        (seconds(-5), seconds(60), 1, "is not a whole number of seconds"),
        (seconds(7), seconds(60), 1, "is not a multiple of the step"),
        (seconds(7), seconds(0), 1, "is not a multiple of the step"),
        (seconds(1), seconds(86_400), 1, "has 86400 steps, and may have 1440"),
        (seconds(1), seconds(60), 0, "a horizon of 0 steps"),
        (seconds(1), seconds(60), 13, "a horizon of 13 steps"),
    ];
    for (step, season, steps, expected) in cases {
        let problem = DemandGrid::new(step, season, steps).map_err(|error: InvalidDemandGrid| error.to_string());
        assert!(problem.as_ref().is_err_and(|problem| problem.contains(expected)), "{problem:?}");
    }
}
