//! The protocol of a benchmark of load predictions (Gontarska et al. 2021, dos-group/load-prediction-dsp): the first 80 % of
//! a series are learnt, then every step is an origin. What counts for a time is the mean of all forecasts made for the time.

use std::collections::BTreeMap;

use super::outcome::{Forecasts, Intervals};

/// How good the forecasts of a series were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The sum of all absolute errors by the sum of all values, in percent.
    pub wape: f64,
    /// How many values of a hundred were within the interval of 80 %; `None` where there were no intervals.
    pub coverage80: Option<f64>,
    /// How many values of a hundred were within the interval of 95 %; `None` where there were no intervals.
    pub coverage95: Option<f64>,
    /// The number of times that were scored.
    pub points: usize,
}

/// What was forecast for one time.
#[derive(Clone, Debug, Default)]
struct Made {
    sum: f64,
    count: f64,
    intervals: Vec<Intervals>,
}

/// The sums of which a score is made.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    errors: f64,
    values: f64,
    points: usize,
    intervals: f64,
    within80: f64,
    within95: f64,
}

/// Scores the forecasts of a series of steps and values, in the order of steps. `None` where nothing can be scored.
pub fn score(samples: &[(i64, f64)], forecaster: &mut impl Forecasts) -> Option<Score> {
    let trained = samples.len() * 4 / 5;
    let mut made: BTreeMap<i64, Made> = BTreeMap::new();
    let mut sums = Sums::default();
    for (seen, (step, value)) in (1..).zip(samples) {
        if let Some(made) = made.remove(step) {
            sums.add(&made, *value);
        }
        forecaster.observe(*step, *value);
        if seen < trained {
            continue;
        }
        for (target, forecast) in (step + 1..).zip(forecaster.forecasts()) {
            let made = made.entry(target).or_default();
            made.sum += forecast.median;
            made.count += 1.0;
            made.intervals.extend(forecast.intervals);
        }
    }
    sums.score()
}

impl Sums {
    fn add(&mut self, made: &Made, value: f64) {
        self.errors += (made.sum / made.count - value).abs();
        self.values += value;
        self.points += 1;
        let holds = |(low, high): (f64, f64)| if (low..=high).contains(&value) { 1.0 } else { 0.0 };
        for intervals in &made.intervals {
            self.intervals += 1.0;
            self.within80 += holds(intervals.of_80);
            self.within95 += holds(intervals.of_95);
        }
    }

    fn score(self) -> Option<Score> {
        let coverage = |within: f64| (self.intervals > 0.0).then_some(100.0 * within / self.intervals);
        (self.values > 0.0).then(|| Score {
            wape: 100.0 * self.errors / self.values,
            coverage80: coverage(self.within80),
            coverage95: coverage(self.within95),
            points: self.points,
        })
    }
}

#[cfg(test)]
#[path = "tests/score.rs"]
mod tests;
