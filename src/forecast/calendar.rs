//! The grid of a series: equal steps of the clock, in seasons of equal length.

use serde::{Deserialize, Serialize};

use super::numbers::{place, steps};

/// The grid of a series: seasons of equal length, each of the same number of steps. Steps are numbered, and step 0 begins a
/// season.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    slots: usize,
    /// The weekday of season 0, Monday being 0; `None` where seasons are no days.
    first_weekday: Option<i64>,
}

/// The number of hours of a day.
pub(super) const HOURS: usize = 24;

impl Calendar {
    /// Days of so many steps, numbered from the Unix epoch, which was a Thursday. A day has at least one step.
    #[must_use]
    pub fn of_days(slots: usize) -> Self {
        Self { slots: slots.max(1), first_weekday: Some(3) }
    }

    /// Seasons of so many steps that know no weekend. A season has at least one step.
    #[must_use]
    pub fn of_seasons(slots: usize) -> Self {
        Self { slots: slots.max(1), first_weekday: None }
    }

    /// The number of steps of a season.
    #[must_use]
    pub fn slots(self) -> usize {
        self.slots
    }

    /// The place of a step in its season.
    pub(super) fn slot(self, step: i64) -> usize {
        place(step, self.slots)
    }

    /// The hour of a step: the season has 24 hours, or one for each of its steps where it has fewer.
    pub(super) fn hour(self, step: i64) -> usize {
        self.slot(step) * self.hours() / self.slots
    }

    /// The number of hours of a season.
    pub(super) fn hours(self) -> usize {
        self.slots.min(HOURS)
    }

    /// The number of steps of an hour, where all hours have the same number and more than one.
    pub(super) fn slots_of_an_hour(self) -> Option<usize> {
        (self.slots > HOURS && self.slots.is_multiple_of(HOURS)).then_some(self.slots / HOURS)
    }

    /// The number of the season of a step.
    pub(super) fn season(self, step: i64) -> i64 {
        step.div_euclid(steps(self.slots))
    }

    /// True where a season is a Saturday or Sunday.
    pub(super) fn is_weekend(self, season: i64) -> bool {
        self.first_weekday.is_some_and(|first| (season + first).rem_euclid(7) >= 5)
    }
}

#[cfg(test)]
impl Calendar {
    /// The same grid where season 0 is a Monday.
    pub(super) fn beginning_on_monday(self) -> Self {
        Self { first_weekday: Some(0), ..self }
    }
}
