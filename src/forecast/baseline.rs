//! Simple forecasts, for comparison only.

use super::calendar::Calendar;
use super::numbers::{number, steps};
use super::outcome::{Forecast, Forecasts};

/// The next values are the last one.
#[derive(Clone, Copy, Debug)]
pub struct LastValue {
    leads: usize,
    last: Option<f64>,
}

impl LastValue {
    /// Forecasts so many steps.
    #[must_use]
    pub fn new(leads: usize) -> Self {
        Self { leads, last: None }
    }
}

impl Forecasts for LastValue {
    fn observe(&mut self, _step: i64, value: f64) {
        self.last = Some(value);
    }

    fn forecasts(&self) -> Vec<Forecast> {
        self.last.map_or_else(Vec::new, |median| vec![Forecast { median, intervals: None }; self.leads])
    }
}

/// The next values are those of a season before. A slot that was never seen has the last value.
#[derive(Clone, Debug)]
pub struct SeasonalLastValue {
    leads: usize,
    calendar: Calendar,
    slots: Vec<Option<f64>>,
    last: Option<(i64, f64)>,
}

impl SeasonalLastValue {
    /// Forecasts so many steps.
    #[must_use]
    pub fn new(calendar: Calendar, leads: usize) -> Self {
        Self { leads, calendar, slots: vec![None; calendar.slots()], last: None }
    }
}

impl Forecasts for SeasonalLastValue {
    fn observe(&mut self, step: i64, value: f64) {
        if let Some(slot) = self.slots.get_mut(self.calendar.slot(step)) {
            *slot = Some(value);
        }
        self.last = Some((step, value));
    }

    fn forecasts(&self) -> Vec<Forecast> {
        let Some((step, last)) = self.last else { return Vec::new() };
        let forecast = |target: i64| {
            let known = self.slots.get(self.calendar.slot(target)).copied().flatten();
            Forecast { median: known.unwrap_or(last), intervals: None }
        };
        (step + 1..=step + steps(self.leads)).map(forecast).collect()
    }
}

/// Additive Holt-Winters: a level, a damped trend, and a season, each smoothed by a fixed share (Hyndman and
/// Athanasopoulos, *Forecasting: Principles and Practice*, 8.3). They begin with the mean of the first season and the
/// differences from it.
#[derive(Clone, Debug)]
pub struct HoltWinters {
    leads: usize,
    calendar: Calendar,
    first_season: Vec<(i64, f64)>,
    level: Option<f64>,
    trend: f64,
    season: Vec<f64>,
    last: Option<(i64, f64)>,
}

const LEVEL_SHARE: f64 = 0.3;
const TREND_SHARE: f64 = 0.02;
const SEASON_SHARE: f64 = 0.3;
const DAMPING: f64 = 0.9;

impl HoltWinters {
    /// Forecasts so many steps.
    #[must_use]
    pub fn new(calendar: Calendar, leads: usize) -> Self {
        let season = vec![0.0; calendar.slots()];
        Self { leads, calendar, first_season: Vec::new(), level: None, trend: 0.0, season, last: None }
    }

    fn season(&self, step: i64) -> f64 {
        self.season.get(self.calendar.slot(step)).copied().unwrap_or_default()
    }

    fn change_season(&mut self, step: i64, change: f64) {
        if let Some(known) = self.season.get_mut(self.calendar.slot(step)) {
            *known += change;
        }
    }

    fn begin(&mut self) {
        let first = std::mem::take(&mut self.first_season);
        let level = first.iter().map(|(_, value)| value).sum::<f64>() / number(first.len());
        self.level = Some(level);
        for (step, value) in first {
            self.change_season(step, value - level);
        }
    }
}

impl Forecasts for HoltWinters {
    fn observe(&mut self, step: i64, value: f64) {
        self.last = Some((step, value));
        let Some(before) = self.level else {
            self.first_season.push((step, value));
            if self.first_season.len() >= self.season.len() {
                self.begin();
            }
            return;
        };
        let season = self.season(step);
        let expected = before + DAMPING * self.trend;
        let level = expected + LEVEL_SHARE * (value - season - expected);
        self.trend = DAMPING * self.trend + TREND_SHARE * (level - expected);
        self.level = Some(level);
        self.change_season(step, SEASON_SHARE * (value - level - season));
    }

    fn forecasts(&self) -> Vec<Forecast> {
        let Some((step, last)) = self.last else { return Vec::new() };
        let (mut damped, mut weight) = (0.0, 1.0);
        let forecast = |target: i64| {
            weight *= DAMPING;
            damped += weight * self.trend;
            let median = self.level.map_or(last, |level| level + damped + self.season(target));
            Forecast { median, intervals: None }
        };
        (step + 1..=step + steps(self.leads)).map(forecast).collect()
    }
}
