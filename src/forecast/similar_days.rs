//! Similar days: the days before that resemble the present day, and how they went on.

use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, HOURS};
use super::history::{History, smooth};
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
        let same_class = SameClass::as_season(calendar.season(now), calendar);
        let mut days = Vec::with_capacity(DAYS);
        for (ago, distances) in (1..).zip(&self.days) {
            let step = now - ago * steps(calendar.slots());
            let Some((then, then_smoothed)) = history.get(step).zip(history.smooth(step)) else { continue };
            let weights = [distances.short.weight() * same_class.weight(ago), distances.long.weight()];
            days.push(Day { ago, weights, then, then_smoothed });
        }
        days
    }
}

/// How the present resembles these days, and how these went on until each of so many next steps.
pub(super) fn resemblances<S: Number>(
    days: &[Day],
    leads: usize,
    history: &History<S>,
    calendar: Calendar,
) -> Vec<Resemblances> {
    let Some(now) = history.get(history.last()) else { return vec![Resemblances::default(); leads] };
    let width = leads + 2;
    let mut samples = vec![f64::NAN; width * days.len()];
    for (day, samples) in days.iter().zip(samples.chunks_exact_mut(width)) {
        history.copy(history.last() - day.ago * steps(calendar.slots()), samples);
    }
    let mut same_class = SameClass::as_season(calendar.season(history.last()), calendar);
    let resemblance = |(lead, target): (usize, i64)| {
        let season = calendar.season(target);
        if season != same_class.season {
            same_class = SameClass::as_season(season, calendar);
        }
        let mut sums = SumsOfLead::default();
        for (day, samples) in days.iter().zip(samples.chunks_exact(width)) {
            if let Some(around) = samples.get(lead..).and_then(|samples| samples.first_chunk()) {
                sums.add(day, same_class.weight(day.ago), around);
            }
        }
        sums.resemblances(now)
    };
    (0..leads).zip(history.end()..).map(resemblance).collect()
}

/// How much the days before a season count, by how many seasons ago: those of the other class count less.
#[derive(Clone, Copy, Debug)]
struct SameClass {
    season: i64,
    weights: [f64; DAYS],
}

impl SameClass {
    fn as_season(season: i64, calendar: Calendar) -> Self {
        let is_weekend = calendar.is_weekend(season);
        let mut weights = [1.0; DAYS];
        for (ago, weight) in (1..).zip(&mut weights) {
            if calendar.is_weekend(season - ago) != is_weekend {
                *weight = OTHER_CLASS;
            }
        }
        Self { season, weights }
    }

    fn weight(&self, ago: i64) -> f64 {
        usize::try_from(ago - 1).ok().and_then(|at| self.weights.get(at)).copied().unwrap_or(1.0)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct SumsOfLead {
    class: Sums,
    all: Sums,
    smoothed: Sums,
}

impl SumsOfLead {
    /// Adds a day, with the sample for the target of the lead between its neighbours; NaN where one is not kept.
    #[inline]
    fn add(&mut self, day: &Day, same_class: f64, [before, later, after]: &[f64; 3]) {
        if later.is_nan() {
            return;
        }
        let [by_class, by_all] = day.weights;
        let by_class = by_class * same_class;
        self.class.add(by_class, day.then, *later);
        self.all.add(by_all, day.then, *later);
        let known = |sample: f64| (!sample.is_nan()).then_some(sample);
        self.smoothed.add(by_class, day.then_smoothed, smooth(known(*before), *later, known(*after)));
    }

    fn resemblances(&self, now: f64) -> Resemblances {
        Resemblances {
            by_class: self.class.resemblance(now),
            by_all: self.all.resemblance(now),
            smoothed: self.smoothed.resemblance(now),
        }
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
