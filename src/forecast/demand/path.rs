//! From forecasts of a series to a path: the mean and the standard deviation at each step.

use crate::forecast::numbers::number;
use crate::forecast::outcome::Forecast;
use crate::model::{DemandPath, MOST_HORIZON_STEPS};

/// What a forecaster says of each step. The steps beyond the last forecast are like the last one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RawPath {
    pub(super) mean: [f64; MOST_HORIZON_STEPS],
    /// `None` before the error of a forecast is known.
    pub(super) deviation: Option<[f64; MOST_HORIZON_STEPS]>,
}

/// How much a path is widened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Widening {
    /// The part of the first season, or of the last one, that was not seen, from 0 to 1.
    pub(super) unseen_season: f64,
    /// The standard deviation is at least this, in the unit of the path.
    pub(super) least: f64,
}

/// The number of standard deviations from the mean to the 90 % quantile of a normal distribution: the upper bound of its
/// interval of 80 %.
pub(super) const UPPER_OF_80: f64 = 1.281_551_565_544_6;
/// The standard deviation as a part of the mean where no error is known.
const UNKNOWN_ERROR: f64 = 0.5;
/// The standard deviation as a part of the mean where errors are known but nothing of a season: about the amplitude of the
/// daily course of most services.
const UNKNOWN_SEASON: f64 = 0.25;

impl RawPath {
    /// The path of a series whose last `missing` samples are unknown: a forecast of `h` steps is then as uncertain as one of
    /// `h + missing` steps, and beyond the last lead as a random walk. `None` where nothing is forecast.
    pub(super) fn of(forecasts: &[Forecast], missing: u32) -> Option<Self> {
        let last = forecasts.last()?;
        let forecast = |lead: usize| *forecasts.get(lead).unwrap_or(last);
        let mean = std::array::from_fn(|lead| moments(forecast(lead)).mean);
        let leads = number(forecasts.len());
        let deviation = |lead: usize| {
            let effective = lead.saturating_add(usize::try_from(missing).unwrap_or(usize::MAX));
            let beyond = (number(effective.saturating_add(1)) / leads).max(1.0).sqrt();
            moments(forecast(effective)).deviation * beyond
        };
        Some(Self { mean, deviation: last.intervals.map(|_| std::array::from_fn(deviation)) })
    }

    /// The path, no narrower than what is known allows.
    pub(super) fn widen(self, Widening { unseen_season, least }: Widening) -> DemandPath {
        let of_mean = if self.deviation.is_some() { UNKNOWN_SEASON * unseen_season } else { UNKNOWN_ERROR };
        let known = self.deviation.unwrap_or_default();
        let mut deviation = [0.0; MOST_HORIZON_STEPS];
        for (deviation, (known, mean)) in deviation.iter_mut().zip(known.into_iter().zip(self.mean)) {
            *deviation = rounded(known.max(of_mean * mean).max(least));
        }
        DemandPath { mean: self.mean.map(rounded), deviation }
    }
}

/// The mean and the standard deviation of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moments {
    mean: f64,
    deviation: f64,
}

/// The mean is Swanson's: 0.3, 0.4 and 0.3 of the quantiles of 10, 50 and 90 %, which holds for skewed distributions too.
/// The deviation is that of the normal distribution with this mean and the same 90 % quantile: only the upper half counts,
/// because a node is overloaded by use above the forecast, and use that falls far below must not widen the risk.
fn moments(forecast: Forecast) -> Moments {
    let median = forecast.median;
    let (low, high) = forecast.intervals.map_or((median, median), |intervals| intervals.of_80);
    let (low, high) = (low.min(median), high.max(median));
    let mean = 0.3 * low + 0.4 * median + 0.3 * high;
    Moments { mean, deviation: ((high - mean) / UPPER_OF_80).max(0.0) }
}

/// The nearest number that can be kept: finite.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "rounds to the nearest number")]
pub(super) fn rounded(exact: f64) -> f32 {
    (exact as f32).clamp(f32::MIN, f32::MAX)
}

#[cfg(test)]
#[path = "tests/path.rs"]
mod tests;
