//! What the experts read: the features of one target, or one weight for each of them.

use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, HOURS};
use super::history::History;
use super::numbers::{number, steps};
use super::precision::Number;
use super::similar_days::{Resemblances, SimilarDays, resemblances};

/// The number of experts.
pub(super) const EXPERTS: usize = 4;

/// A value for each feature of each expert.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Features<V> {
    /// The last two changes; the present value above the profile of the season, and how the profile goes on; similar days of
    /// the same class.
    pub(super) season: [V; 6],
    /// The last change; similar days.
    pub(super) days: [V; 3],
    /// The last change.
    pub(super) change: [V; 1],
    /// The last change; the present value above the means of 3 and 12 samples; how the profile of an hour goes on; similar
    /// days of the same class, smoothed.
    pub(super) levels: [V; 6],
}

impl<V: Copy> Features<V> {
    pub(super) fn map<W>(self, change: impl Fn(V) -> W) -> Features<W> {
        Features {
            season: self.season.map(&change),
            days: self.days.map(&change),
            change: self.change.map(&change),
            levels: self.levels.map(&change),
        }
    }
}

/// What the features are made of, beside the history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FeatureState<N> {
    mean_of_3: f64,
    mean_of_12: f64,
    mean_of_an_hour: f64,
    /// The usual value at each slot of a season; NaN where none was seen.
    profile: Vec<N>,
    /// How the values of an hour differ from its mean, by slot.
    profile_of_an_hour: Vec<N>,
    similar_days: SimilarDays<N>,
}

/// How much of a profile each sample replaces.
const PROFILE_GAIN: f64 = 0.1;

impl<N: Number> FeatureState<N> {
    pub(super) fn new(calendar: Calendar) -> Self {
        Self {
            mean_of_3: 0.0,
            mean_of_12: 0.0,
            mean_of_an_hour: 0.0,
            profile: vec![N::keep(f64::NAN); calendar.slots()],
            profile_of_an_hour: vec![N::default(); calendar.slots_of_an_hour().unwrap_or_default()],
            similar_days: SimilarDays::default(),
        }
    }

    /// Learns from the last sample of the history.
    pub(super) fn learn<S: Number>(&mut self, history: &History<S>, calendar: Calendar) {
        let Some(value) = history.get(history.last()) else { return };
        let age = f64::from(u32::try_from(history.age()).unwrap_or(u32::MAX));
        let follow = |mean: &mut f64, gain: f64| *mean += gain.max(1.0 / age) * (value - *mean);
        follow(&mut self.mean_of_3, 1.0 / 3.0);
        follow(&mut self.mean_of_12, 1.0 / 12.0);
        follow(&mut self.mean_of_an_hour, (number(HOURS) / number(calendar.slots())).min(1.0));
        if !history.is_observed(history.last()) {
            return;
        }
        let slot = calendar.slot(history.last());
        if let Some(known) = self.profile.get_mut(slot) {
            let before = known.exact();
            *known = N::keep(if before.is_nan() { value } else { before + PROFILE_GAIN * (value - before) });
        }
        let difference = value - self.mean_of_an_hour;
        if let Some(known) = slot_of_an_hour(slot, calendar).and_then(|slot| self.profile_of_an_hour.get_mut(slot)) {
            *known = N::keep(known.exact() + PROFILE_GAIN * (difference - known.exact()));
        }
        self.similar_days.learn(history, calendar);
    }

    /// The features of the next targets, for each lead.
    pub(super) fn features<S: Number>(
        &self,
        history: &History<S>,
        calendar: Calendar,
        leads: usize,
    ) -> Vec<Features<f64>> {
        let now = history.last();
        let Some(value) = history.get(now) else { return Vec::new() };
        let before = history.get(now - 1).unwrap_or(value);
        let (last, last_but_one) = (value - before, before - history.get(now - 2).unwrap_or(before));
        let slot = calendar.slot(now);
        let usual = self.usual(slot);
        let days = self.similar_days.days(history, calendar);
        let features = |(lead, resemblances): (usize, Resemblances)| {
            let target = calendar.slot(now + steps(lead) + 1);
            let profile = usual.and_then(|usual| Some(self.usual(target)? - usual)).unwrap_or_default();
            let hour = self.usual_in_an_hour(target, calendar) - self.usual_in_an_hour(slot, calendar);
            let Resemblances { by_class, by_all, smoothed } = resemblances;
            let above = usual.map_or(0.0, |usual| value - usual);
            Features {
                season: [last, last_but_one, above, profile, by_class.above, by_class.growth],
                days: [last, by_all.above, by_all.growth],
                change: [last],
                levels: [last, value - self.mean_of_3, value - self.mean_of_12, hour, smoothed.above, smoothed.growth],
            }
        };
        (0..).zip(resemblances(&days, leads, history, calendar)).map(features).collect()
    }

    /// The usual value at a slot of a season.
    fn usual(&self, slot: usize) -> Option<f64> {
        self.profile.get(slot).map(|value| value.exact()).filter(|value| !value.is_nan())
    }

    /// How the value at a slot differs from the mean of its hour.
    fn usual_in_an_hour(&self, slot: usize, calendar: Calendar) -> f64 {
        let known = slot_of_an_hour(slot, calendar).and_then(|slot| self.profile_of_an_hour.get(slot));
        known.map_or(0.0, |value| value.exact())
    }
}

fn slot_of_an_hour(slot: usize, calendar: Calendar) -> Option<usize> {
    Some(slot % calendar.slots_of_an_hour()?)
}
