//! One series: its forecaster, what it was learnt from, and the path that is forecast.

use serde::{Deserialize, Serialize};

use super::accuracy::Accuracy;
use super::grid::DemandGrid;
use super::level::LevelForecaster;
use super::path::{RawPath, Widening};
use crate::forecast::forecaster::Forecaster;
use crate::forecast::precision::Compact;
use crate::model::{DemandHistory, DemandPath};

/// What forecasts the values of one series.
pub(super) trait SeriesForecaster {
    /// The forecaster of a series of this grid that has seen nothing.
    fn new(grid: DemandGrid) -> Self;
    /// Learns the value of a step, later than all before; `None`: the value is missing.
    fn observe(&mut self, step: i64, value: Option<f64>, grid: DemandGrid);
    /// What is forecast for the steps after the last one, of which the last `missing` had no value; `None` where nothing is
    /// known.
    fn path(&self, missing: u32, grid: DemandGrid) -> Option<RawPath>;
    /// False where the state cannot be one of this grid after the step `last`: it was read from a damaged file.
    fn is_valid(&self, last: i64, grid: DemandGrid) -> bool;
}

impl SeriesForecaster for Forecaster<Compact> {
    fn new(grid: DemandGrid) -> Self {
        Self::new(grid.calendar(), grid.steps())
    }

    fn observe(&mut self, step: i64, value: Option<f64>, _: DemandGrid) {
        self.observe(step, value);
    }

    fn path(&self, missing: u32, _: DemandGrid) -> Option<RawPath> {
        RawPath::of(&self.forecasts(), missing)
    }

    fn is_valid(&self, last: i64, grid: DemandGrid) -> bool {
        self.is_state_of(grid.calendar(), grid.steps(), last)
    }
}

impl SeriesForecaster for LevelForecaster {
    fn new(_: DemandGrid) -> Self {
        Self::default()
    }

    fn observe(&mut self, step: i64, value: Option<f64>, grid: DemandGrid) {
        self.observe(step, value, grid);
    }

    fn path(&self, missing: u32, grid: DemandGrid) -> Option<RawPath> {
        self.path(missing, grid)
    }

    fn is_valid(&self, last: i64, _: DemandGrid) -> bool {
        self.is_valid(last)
    }
}

/// One series.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Series<F> {
    forecaster: F,
    /// The standard deviation of a forecast is at least this, in the unit of the series.
    least_deviation: f64,
    /// The first and the last step that were observed.
    observed: Option<(i64, i64)>,
    observed_steps: u32,
    /// The last step, observed or not.
    last: i64,
    /// What is forecast for the steps after the last one. Made again after it was read.
    #[serde(skip)]
    path: Option<DemandPath>,
}

impl<F: SeriesForecaster> Series<F> {
    pub(super) fn new(least_deviation: f64, grid: DemandGrid) -> Self {
        Self { forecaster: F::new(grid), least_deviation, observed: None, observed_steps: 0, last: 0, path: None }
    }

    /// Learns the value of a step, later than all before, and counts how well it was forecast.
    pub(super) fn observe(&mut self, step: i64, value: Option<f64>, grid: DemandGrid, accuracy: &mut Accuracy) {
        if let Some(value) = value {
            let lead = usize::try_from(step - self.last - 1).ok().filter(|lead| *lead < grid.steps());
            let seasoned = self.path.filter(|_| !self.is_cold(grid));
            if let Some((path, lead)) = seasoned.zip(lead) {
                accuracy.add(&path, lead, value);
            }
            let first = self.observed.map_or(step, |(first, _)| first);
            self.observed = Some((first, step));
            self.observed_steps = self.observed_steps.saturating_add(1);
        }
        self.last = step;
        self.forecaster.observe(step, value, grid);
        self.forecast(grid);
    }

    /// Makes the path again.
    pub(super) fn forecast(&mut self, grid: DemandGrid) {
        let raw = self.forecaster.path(self.missing_steps(), grid);
        let season = u32::try_from(grid.season_steps()).unwrap_or(1);
        let missing = f64::from(self.missing_steps().min(season)) / f64::from(season);
        let widening = Widening { unseen_season: self.unseen_season(grid).max(missing), least: self.least_deviation };
        self.path = raw.map(|raw| raw.widen(widening));
    }

    /// What is forecast for the steps after the last one; `None` where nothing was observed.
    pub(super) fn path(&self) -> Option<DemandPath> {
        self.path
    }

    /// What the forecasts were learnt from; `None` where nothing was observed.
    pub(super) fn history(&self, grid: DemandGrid) -> Option<DemandHistory> {
        self.observed.map(|_| DemandHistory {
            observed_steps: self.observed_steps,
            missing_steps: self.missing_steps(),
            is_cold: self.is_cold(grid),
        })
    }

    fn missing_steps(&self) -> u32 {
        self.observed.map_or(0, |(_, last)| u32::try_from(self.last - last).unwrap_or(u32::MAX))
    }

    /// The part of the first season that was not seen, from 0 to 1.
    fn unseen_season(&self, grid: DemandGrid) -> f64 {
        let Some((first, last)) = self.observed else { return 1.0 };
        let season = u32::try_from(grid.season_steps()).unwrap_or(1);
        let seen = u32::try_from(last - first).unwrap_or(u32::MAX).saturating_add(1).min(self.observed_steps);
        1.0 - f64::from(seen.min(season)) / f64::from(season)
    }

    fn is_cold(&self, grid: DemandGrid) -> bool {
        self.unseen_season(grid) > 0.0
    }

    /// False where the state cannot be one of this grid after the step `last`: it was read from a damaged file.
    pub(super) fn is_valid(&self, last: i64, grid: DemandGrid) -> bool {
        let (first_observed, last_observed) = self.observed.unwrap_or((self.last, self.last));
        let is_past = |step: i64| step.abs_diff(last) < 1 << 40;
        is_past(self.last)
            && is_past(first_observed)
            && is_past(last_observed)
            && self.least_deviation.is_finite()
            && self.forecaster.is_valid(last, grid)
    }
}
