use super::{RawPath, Widening, moments};
use crate::forecast::outcome::{Forecast, Intervals};

const SEEN: Widening = Widening { unseen_season: 0.0, least: 0.0 };

fn forecast(median: f64, below: f64, above: f64) -> Forecast {
    let of_80 = (median - below, median + above);
    Forecast { median, intervals: Some(Intervals { of_80, of_95: of_80 }) }
}

/// Leads that are ever more uncertain.
fn forecasts() -> Vec<Forecast> {
    (1..=12).map(|lead| forecast(100.0, f64::from(lead), f64::from(lead))).collect()
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn the_upper_half_of_an_interval_counts() {
    let even = moments(forecast(100.0, 12.815_515_655, 12.815_515_655));
    assert!((even.mean - 100.0).abs() < 1e-6 && (even.deviation - 10.0).abs() < 1e-6, "{even:?}");
    let below = moments(forecast(100.0, 80.0, 12.815_515_655));
    let quantile = below.mean + 1.281_551_565_5 * below.deviation;
    assert!((quantile - 112.815_515_655).abs() < 1e-6, "{below:?}: the 90 % quantile is kept");
    assert!(below.mean < 100.0);
    let inside = moments(forecast(100.0, -5.0, -2.0));
    assert!(inside.deviation >= 0.0 && (inside.mean - 100.0).abs() < 1e-6, "{inside:?}");
}

#[test]
fn missing_samples_make_a_forecast_one_of_a_longer_lead() {
    let path = |missing| RawPath::of(&forecasts(), missing).unwrap().widen(SEEN);
    let (now, after) = (path(0), path(3));
    assert_eq!(bits(&after.mean), bits(&now.mean));
    assert_eq!(bits(&after.deviation[..9]), bits(&now.deviation[3..]));
    assert!(after.deviation[11] > now.deviation[11]);
    let long = path(12 * 9 - 1);
    assert!(
        (long.deviation[0] / now.deviation[11] - 3.0).abs() < 1e-5,
        "three times as uncertain after nine times as long"
    );
    assert!(path(u32::MAX).deviation.iter().all(|deviation| deviation.is_finite()));
}

#[test]
fn what_is_not_known_is_wide() {
    let unknown = RawPath::of(&[Forecast { median: 100.0, intervals: None }], 0).unwrap();
    assert_eq!(bits(&unknown.widen(SEEN).deviation), bits(&[50.0; 12]));
    let narrow = RawPath::of(&[forecast(100.0, 1.0, 1.0)], 0).unwrap();
    let widened = |unseen_season, least| narrow.widen(Widening { unseen_season, least }).deviation;
    assert_eq!(bits(&widened(0.5, 0.0)), bits(&[12.5; 12]));
    assert_eq!(bits(&widened(0.0, 7.0)), bits(&[7.0; 12]));
    assert_eq!(RawPath::of(&[], 0), None);
}
