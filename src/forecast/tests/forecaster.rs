use super::Forecaster;
use crate::forecast::{Calendar, Compact, Exact, Forecast};

fn forecaster() -> Forecaster<Exact> {
    Forecaster::new(Calendar::of_seasons(24), 3)
}

/// A day: low at night, high at noon.
fn daily(step: i64) -> f64 {
    let hour = step.rem_euclid(24);
    f64::from(i32::try_from(10 + hour * (24 - hour)).unwrap())
}

#[test]
fn nothing_is_forecast_before_anything_was_observed() {
    let mut forecaster = forecaster();
    assert_eq!(forecaster.forecasts(), []);
    for (step, value) in [(0, None), (1, Some(f64::NAN)), (2, Some(-1.0)), (3, Some(f64::INFINITY))] {
        assert!(forecaster.observe(step, value));
        assert_eq!(forecaster.forecasts(), [], "{value:?} is a missing value");
    }
    forecaster.observe(4, Some(7.0));
    let medians: Vec<f64> = forecaster.forecasts().iter().map(|forecast| forecast.median.round()).collect();
    assert_eq!(medians, [7.0; 3]);
    assert!(forecaster.forecasts().iter().all(|forecast| forecast.intervals.is_none()), "no error is known");
}

#[test]
fn a_missing_value_is_not_zero() {
    let forecast_after = |value: Option<f64>| {
        let mut forecaster = forecaster();
        for step in 0..240 {
            forecaster.observe(step, Some(daily(step)));
        }
        for step in 240..252 {
            forecaster.observe(step, value);
        }
        forecaster.forecasts()[0].median
    };
    let expected = daily(252);
    let after_gap = forecast_after(None);
    assert!((after_gap - expected).abs() < 0.1 * expected, "{after_gap} after a gap, {expected} is usual");
    assert!(forecast_after(Some(0.0)) < 0.5 * expected, "zeros that were observed count");
}

#[test]
fn steps_that_are_left_out_are_missing_and_steps_that_come_late_are_ignored() {
    let (mut told, mut left_out) = (forecaster(), forecaster());
    for step in 0..100 {
        let value = Some(daily(step)).filter(|_| step % 7 != 3);
        told.observe(step, value);
        if value.is_some() {
            assert!(left_out.observe(step, value));
        }
        assert!(!left_out.observe(step - 1, Some(1e6)), "the step is over");
        assert!(value.is_none() || !left_out.observe(step, Some(1e6)), "a duplicate");
    }
    assert_eq!(told.forecasts(), left_out.forecasts());
}

#[test]
fn after_a_gap_that_is_longer_than_the_history_all_begins_anew() {
    let mut forecaster = forecaster();
    for step in 0..100 {
        forecaster.observe(step, Some(daily(step)));
    }
    forecaster.observe(100_000, Some(3.0));
    let medians: Vec<f64> = forecaster.forecasts().iter().map(|forecast| forecast.median.round()).collect();
    assert_eq!(medians, [3.0; 3]);
}

#[test]
fn whatever_is_observed_forecasts_are_numbers_that_are_not_negative_and_intervals_are_in_order() {
    let series: [&dyn Fn(i64) -> f64; 6] = [
        &|_| 0.0,
        &|_| 5.0,
        &|step| if step < 200 { 1.0 } else { 1e9 },
        &|step| if step % 50 == 49 { 1e12 } else { 1e-9 },
        &|step| f64::from(i32::try_from((step * 7_919) % 10_007).unwrap()),
        &|step| if step < 300 { 1e6 } else { 0.0 },
    ];
    for values in series {
        let mut exact = forecaster();
        let mut compact: Forecaster<Compact> = Forecaster::new(Calendar::of_seasons(24), 3);
        for step in 0..600 {
            exact.observe(step, Some(values(step)));
            compact.observe(step, Some(values(step)));
            exact.forecasts().iter().chain(&compact.forecasts()).for_each(assert_sane);
        }
    }
}

fn assert_sane(forecast: &Forecast) {
    assert!(forecast.median.is_finite() && forecast.median >= 0.0, "{forecast:?}");
    let Some(intervals) = forecast.intervals else { return };
    let bounds = [intervals.of_95.0, intervals.of_80.0, intervals.of_80.1, intervals.of_95.1];
    assert!(bounds.is_sorted() && bounds.iter().all(|bound| *bound >= 0.0), "{forecast:?}");
}

#[test]
fn the_rest_of_a_season_is_the_course_of_similar_days() {
    let mut forecaster = forecaster();
    for step in 0..240 {
        forecaster.observe(step, Some(daily(step)));
    }
    let forecasts = forecaster.forecasts_until(24);
    assert_eq!((forecasts.len(), &forecasts[..3]), (24, &*forecaster.forecasts()));
    for (step, forecast) in (240..).zip(&forecasts) {
        let (expected, found) = (daily(step), forecast.median);
        assert!((found - expected).abs() < 0.15 * expected, "step {step}: {found} instead of {expected}");
        let (low, high) = forecast.intervals.unwrap().of_95;
        assert!(low <= found && found <= high);
    }
}

#[test]
fn days_that_differ_widen_what_is_forecast_beyond_the_leads() {
    let width = |strays: i64| {
        let mut forecaster = forecaster();
        for step in 0..240 {
            // Every other day is higher.
            let stray = f64::from(i32::try_from(strays * (step / 24 % 2)).unwrap());
            forecaster.observe(step, Some(daily(step) + stray));
        }
        let (low, high) = forecaster.forecasts_until(24)[18].intervals.unwrap().of_80;
        high - low
    };
    assert!(width(60) > 1.3 * width(0), "{} and {}", width(60), width(0));
}
