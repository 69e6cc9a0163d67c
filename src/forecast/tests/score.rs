use super::{Score, score};
use crate::forecast::{Calendar, HoltWinters, LastValue, SeasonalLastValue};

/// Ten days: each hour adds 1, and each day begins at 1.
fn days() -> Vec<(i64, f64)> {
    (0..240).map(|step| (step, f64::from(i32::try_from(step % 24 + 1).unwrap()))).collect()
}

#[test]
fn the_mean_of_all_forecasts_for_a_time_counts() {
    let samples: Vec<(i64, f64)> =
        [4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 6.0].into_iter().enumerate().map(at).collect();
    // The first 8 are learnt. 4 is forecast for the time 8 once and for the time 9 twice.
    let expected = Score { wape: 100.0 * 2.0 / 10.0, coverage80: None, coverage95: None, points: 2 };
    assert_eq!(score(&samples, &mut LastValue::new(2)), Some(expected));
}

fn at((step, value): (usize, f64)) -> (i64, f64) {
    (i64::try_from(step).unwrap(), value)
}

#[test]
fn a_season_is_known_to_those_that_know_seasons() {
    let wape = |score: Option<Score>| score.unwrap().wape;
    let calendar = Calendar::of_seasons(24);
    assert!(wape(score(&days(), &mut LastValue::new(1))) > 10.0);
    assert!(wape(score(&days(), &mut SeasonalLastValue::new(calendar, 1))) < 1e-9);
    assert!(wape(score(&days(), &mut HoltWinters::new(calendar, 1))) < 5.0);
}

#[test]
fn nothing_is_scored_where_nothing_can_be() {
    for samples in [vec![], vec![(0, 1.0)], vec![(0, 0.0), (1, 0.0), (2, 0.0), (3, 0.0), (4, 0.0)]] {
        assert_eq!(score(&samples, &mut LastValue::new(1)), None);
    }
}
