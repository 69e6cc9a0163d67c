//! Similar days: the days before that resemble the present day, and how they went on.

use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, HOURS};
use super::history::History;
use super::numbers::{number, steps};
use super::precision::Number;

/// How many days before are compared.
pub(super) const DAYS: usize = 14;

/// How different each day before has been from the present day lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct SimilarDays<N> {
    days: [Distances<N>; DAYS],
}

/// The mean squared distance to a day, by two rates of forgetting.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Distances<N> {
    /// Of an hour ago, 0.7 is left.
    short: Mean<N>,
    /// Of an hour ago, 0.8 is left.
    long: Mean<N>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Mean<N> {
    sum: N,
    count: N,
}

impl<N: Number> Mean<N> {
    fn add(&mut self, kept: f64, value: f64) {
        self.sum = N::keep(kept * self.sum.exact() + value);
        self.count = N::keep(kept * self.count.exact() + 1.0);
    }

    /// The weight of a day at this distance.
    fn weight(self) -> f64 {
        let count = self.count.exact();
        if count > 0.0 { 1.0 / (self.sum.exact() / count + 1e-5) } else { 0.0 }
    }
}

/// A day of the other class, working day or weekend, counts this much.
const OTHER_CLASS: f64 = 0.05;

/// How the present value differs from that of similar days, and how these went on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resemblance {
    /// The present value above the value of similar days.
    pub(super) above: f64,
    /// What similar days added from then to the target.
    pub(super) growth: f64,
}

/// The resemblances for one target.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resemblances {
    /// By days of the same class.
    pub(super) by_class: Resemblance,
    /// By all days alike.
    pub(super) by_all: Resemblance,
    /// By days of the same class, smoothed.
    pub(super) smoothed: Resemblance,
}

/// A day before that counts at the present.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    /// How many seasons ago.
    ago: i64,
    /// Its weights by class and by all.
    weights: [f64; 2],
    then: f64,
    then_smoothed: f64,
}

impl<N: Number> SimilarDays<N> {
    /// Learns from an observed sample, the last one of the history.
    pub(super) fn learn<S: Number>(&mut self, history: &History<S>, calendar: Calendar) {
        let now = history.last();
        let Some(value) = history.get(now) else { return };
        let hour = number(HOURS) / number(calendar.slots());
        let (short, long) = (0.7_f64.powf(hour), 0.8_f64.powf(hour));
        for (day, distances) in (1..).zip(&mut self.days) {
            let step = now - day * steps(calendar.slots());
            if let Some(then) = history.get(step).filter(|_| history.is_observed(step)) {
                let distance = (value - then) * (value - then);
                distances.short.add(short, distance);
                distances.long.add(long, distance);
            }
        }
    }

    /// The days before that count at the last sample of the history.
    pub(super) fn days<S: Number>(&self, history: &History<S>, calendar: Calendar) -> Vec<Day> {
        let now = history.last();
        let season = calendar.season(now);
        let day = |(ago, distances): (i64, &Distances<N>)| {
            let step = now - ago * steps(calendar.slots());
            let then = history.get(step)?;
            let is_alike = calendar.is_weekend(season - ago) == calendar.is_weekend(season);
            let class = if is_alike { 1.0 } else { OTHER_CLASS };
            let weights = [distances.short.weight() * class, distances.long.weight()];
            let then_smoothed = history.smooth(step)?;
            Some(Day { ago, weights, then, then_smoothed })
        };
        (1..).zip(&self.days).filter_map(day).collect()
    }
}

/// How the present resembles these days, and how these went on until `lead` steps after the next.
pub(super) fn resemblances<S: Number>(
    days: &[Day],
    lead: usize,
    history: &History<S>,
    calendar: Calendar,
) -> Resemblances {
    let target = history.end() + steps(lead);
    let season = calendar.season(target);
    let is_weekend = calendar.is_weekend(season);
    let period = steps(calendar.slots());
    let Some(value) = history.get(history.last()) else { return Resemblances::default() };
    let [mut class, mut all, mut smoothed] = [Sums::default(); 3];
    for day in days {
        let then = target - day.ago * period;
        let Some(later) = history.get(then) else { continue };
        let same = if calendar.is_weekend(season - day.ago) == is_weekend { 1.0 } else { OTHER_CLASS };
        let [by_class, by_all] = day.weights;
        class.add(by_class * same, day.then, later);
        all.add(by_all, day.then, later);
        smoothed.add(by_class * same, day.then_smoothed, history.smooth(then).unwrap_or(later));
    }
    Resemblances {
        by_class: class.resemblance(value),
        by_all: all.resemblance(value),
        smoothed: smoothed.resemblance(value),
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    weight: f64,
    then: f64,
    later: f64,
}

impl Sums {
    fn add(&mut self, weight: f64, then: f64, later: f64) {
        self.weight += weight;
        self.then += weight * then;
        self.later += weight * later;
    }

    fn resemblance(self, now: f64) -> Resemblance {
        if self.weight <= 0.0 {
            return Resemblance::default();
        }
        let (then, later) = (self.then / self.weight, self.later / self.weight);
        Resemblance { above: now - then, growth: later - then }
    }
}
