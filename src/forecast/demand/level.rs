//! A cheap forecaster: the last level, and how the hours of a season differ.

use serde::{Deserialize, Serialize};

use super::grid::DemandGrid;
use super::path::{Moments, RawPath, UPPER_OF_80, rounded};
use super::season_course::SeasonCourse;
use crate::forecast::numbers::{number, place, steps as count_of_steps};
use crate::model::MOST_HORIZON_STEPS;

/// A forecaster of 200 bytes for series that change slowly, or that are too many for [`crate::forecast::Forecaster`]: the
/// memory of a job, and what is no PE on a node.
///
/// The forecast is the smoothed last value, and the usual change from its hour to that of the target. The error is learnt for
/// the first and the last lead, and its variance grows evenly between them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LevelForecaster {
    /// The last step, observed or not.
    last: i64,
    /// The last step that was observed.
    observed: i64,
    /// The smoothed value; NaN before the first one.
    level: f32,
    course: SeasonCourse,
    /// The error of the next step and that of the last step.
    errors: [LeadError; 2],
    /// What was forecast for the next step; NaN where it was not forecast from a sample.
    next: f32,
    /// A ring by target: what was forecast over the whole horizon; NaN where it was not forecast from a sample.
    ahead: [f32; MOST_HORIZON_STEPS],
}

/// How much of the level a sample replaces.
const LEVEL_GAIN: f64 = 0.6;
/// An error below this part of the value is not bounded: after a flat stretch, a change is no outlier.
const LEAST_ERROR: f64 = 0.02;

/// The variance grows as that of a random walk until so many times the last lead.
const MOST_DOUBLED: usize = 4;

impl Default for LevelForecaster {
    fn default() -> Self {
        Self {
            last: 0,
            observed: 0,
            level: f32::NAN,
            course: SeasonCourse::default(),
            errors: [LeadError::default(); 2],
            next: f32::NAN,
            ahead: [f32::NAN; MOST_HORIZON_STEPS],
        }
    }
}

impl LevelForecaster {
    /// Learns the value of a step, later than all before.
    pub(super) fn observe(&mut self, step: i64, value: Option<f64>, grid: DemandGrid) {
        if self.level.is_nan() && value.is_none() {
            return;
        }
        let horizon = grid.steps();
        if step != self.last + 1 {
            self.next = f32::NAN;
            self.ahead = [f32::NAN; MOST_HORIZON_STEPS];
        }
        self.last = step;
        match value {
            Some(value) => self.learn(step, value, grid),
            None => self.next = f32::NAN,
        }
        let far = if value.is_some() { rounded(self.predict(horizon, grid)) } else { f32::NAN };
        if let Some(ahead) = self.ahead.get_mut(place(step, horizon)) {
            *ahead = far;
        }
    }

    fn learn(&mut self, step: i64, value: f64, grid: DemandGrid) {
        let far = self.ahead.get(place(step, grid.steps())).copied().unwrap_or(f32::NAN);
        for (error, forecast) in self.errors.iter_mut().zip([self.next, far]) {
            if !forecast.is_nan() {
                error.learn(value - f64::from(forecast), LEAST_ERROR * value);
            }
        }
        let level = f64::from(self.level);
        self.level = rounded(if level.is_nan() { value } else { level + LEVEL_GAIN * (value - level) });
        self.observed = step;
        self.course.learn(step, value, grid);
        self.next = rounded(self.predict(1, grid));
    }

    /// What is forecast for so many steps after the last sample.
    fn predict(&self, steps: usize, grid: DemandGrid) -> f64 {
        let target = self.observed.saturating_add(count_of_steps(steps));
        (f64::from(self.level) + self.course.change(self.observed, target, grid)).max(0.0)
    }

    /// What is forecast for the steps after the last one, of which the last `missing` had no sample; `None` before the first
    /// sample.
    pub(super) fn path(&self, missing: u32, grid: DemandGrid) -> Option<RawPath> {
        if self.level.is_nan() {
            return None;
        }
        let missing = usize::try_from(missing).unwrap_or(usize::MAX);
        let steps = |lead: usize| lead.min(grid.steps() - 1).saturating_add(1).saturating_add(missing);
        let mean = std::array::from_fn(|lead| self.predict(steps(lead), grid));
        let [first, _] = &self.errors;
        let deviation = (first.count > 0).then(|| std::array::from_fn(|lead| self.deviation(steps(lead), grid)));
        Some(RawPath { mean, deviation })
    }

    /// The path whose steps stand for some samples each: a step has the sample that most likely is the highest.
    pub(super) fn path_of_highest(&self, missing: u32, grid: DemandGrid) -> Option<RawPath> {
        if self.level.is_nan() {
            return None;
        }
        let missing = usize::try_from(missing).unwrap_or(usize::MAX);
        let samples = grid.samples_of_a_step();
        let sample = |lead: usize| {
            let mean = self.predict((lead + 1).saturating_add(missing), grid);
            // The course of the season is known: the error of a sample further ahead is at most twice that of the last lead.
            let near = (lead + 1).min(MOST_DOUBLED * grid.steps());
            Moments { mean, deviation: self.deviation(near.saturating_add(missing), grid) }
        };
        let highest = |step: usize| {
            let leads = step * samples..(step + 1) * samples;
            leads.map(sample).fold(Moments { mean: 0.0, deviation: 0.0 }, Moments::higher)
        };
        let steps: [Moments; MOST_HORIZON_STEPS] = std::array::from_fn(highest);
        let [first, _] = &self.errors;
        let deviation = (first.count > 0).then(|| steps.map(|step| step.deviation));
        Some(RawPath { mean: steps.map(|step| step.mean), deviation })
    }

    fn deviation(&self, steps: usize, grid: DemandGrid) -> f64 {
        let [first, last] = &self.errors;
        let (steps, horizon) = (number(steps), number(grid.steps()));
        let first = first.deviation();
        // As a random walk, where nothing else is known.
        if last.count == 0 {
            return first * steps.sqrt();
        }
        let last = last.deviation().max(first);
        if steps > horizon {
            return last * (steps / horizon).sqrt();
        }
        let share = if horizon > 1.0 { (steps - 1.0) / (horizon - 1.0) } else { 1.0 };
        (first * first + share * (last * last - first * first)).sqrt()
    }

    /// False for steps that no clock gives.
    pub(super) fn is_valid(&self, last: i64) -> bool {
        self.last.abs_diff(last) < 1 << 40 && self.observed.abs_diff(last) < 1 << 40
    }
}

/// The error of one lead.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct LeadError {
    variance: f32,
    /// The 90 % quantile of the error, in standard deviations.
    upper: f32,
    count: u32,
}

/// From this number of errors on, the quantile is learnt, and an error is bounded.
const SEASONED: u32 = 5;
/// No error counts as more than this many standard deviations.
const MOST_DEVIATIONS: f64 = 5.0;

impl Default for LeadError {
    fn default() -> Self {
        Self { variance: 0.0, upper: rounded(UPPER_OF_80), count: 0 }
    }
}

impl LeadError {
    /// Learns an error. An error of the size `usual` is never an outlier.
    fn learn(&mut self, error: f64, usual: f64) {
        self.count = self.count.saturating_add(1);
        let variance = f64::from(self.variance);
        let mut square = error * error;
        if self.count > SEASONED {
            let is_below = if error <= f64::from(self.upper) * variance.sqrt() { 1.0 } else { 0.0 };
            self.upper = rounded((f64::from(self.upper) + 0.02 * (0.9 - is_below)).max(0.3));
            square = square.min(MOST_DEVIATIONS * MOST_DEVIATIONS * (variance + usual * usual));
        }
        let gain = (1.0 / f64::from(self.count)).max(0.02);
        self.variance = rounded(variance + gain * (square - variance));
    }

    /// The standard deviation of the normal distribution with the same 90 % quantile.
    fn deviation(self) -> f64 {
        f64::from(self.variance).sqrt() * f64::from(self.upper) / UPPER_OF_80
    }
}

#[cfg(test)]
#[path = "tests/level.rs"]
mod tests;
