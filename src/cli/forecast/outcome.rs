//! A series, its forecasts, and how good such forecasts were.

use jiff::Timestamp;

use super::series::Series;
use crate::forecast::{Calendar, Forecast, Score};

/// A series, its forecasts, and how good such forecasts were.
pub(super) struct Outcome {
    pub(super) series: Series,
    pub(super) calendar: Calendar,
    pub(super) forecasts: Vec<Forecast>,
    /// By method, the forecaster first; `None` where the series is too short.
    pub(super) scores: Vec<(&'static str, Option<Score>)>,
}

impl Outcome {
    /// The time of each forecast.
    pub(super) fn targets(&self) -> impl Iterator<Item = (Timestamp, &Forecast)> {
        let last = self.series.samples.last().map_or(0, |(step, _)| *step);
        (last + 1..).zip(&self.forecasts).map(|(step, forecast)| (self.series.time(step), forecast))
    }
}
