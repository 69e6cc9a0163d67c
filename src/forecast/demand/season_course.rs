//! The course of a season: by how much each hour differs from the hour before.

use serde::{Deserialize, Serialize};

use super::grid::DemandGrid;
use super::path::rounded;
use crate::forecast::calendar::HOURS;
use crate::forecast::numbers::number;

/// The usual change from each hour of a season to the next. A series that jumps to another level for good changes one hour
/// alone, so that the rest of the course stays true.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SeasonCourse {
    /// By hour: its mean minus the mean of the hour before; NaN where it was not seen.
    changes: [f32; HOURS],
    /// The hour that is going on, counted over all seasons, and its sum.
    hour: i64,
    sum: f32,
    count: u16,
    /// The mean of the hour before; NaN where it was not seen.
    before: f32,
}

/// How much of a change a season replaces.
const GAIN: f64 = 0.3;
/// How much of a change that was seen once is expected again.
const FIRST_GAIN: f64 = 0.5;

impl Default for SeasonCourse {
    fn default() -> Self {
        Self { changes: [f32::NAN; HOURS], hour: 0, sum: 0.0, count: 0, before: f32::NAN }
    }
}

impl SeasonCourse {
    /// Learns the value of a step, later than all before.
    pub(super) fn learn(&mut self, step: i64, value: f64, grid: DemandGrid) {
        let calendar = grid.calendar();
        let hours = i64::try_from(calendar.hours()).unwrap_or(1);
        let hour = calendar.season(step) * hours + i64::try_from(calendar.hour(step)).unwrap_or_default();
        if hour != self.hour {
            let mean = if self.count > 0 { f64::from(self.sum) / f64::from(self.count) } else { f64::NAN };
            self.learn_change(mean - f64::from(self.before), hours);
            self.before = if hour - 1 == self.hour { rounded(mean) } else { f32::NAN };
            (self.hour, self.sum, self.count) = (hour, 0.0, 0);
        }
        self.sum = rounded(f64::from(self.sum) + value);
        self.count = self.count.saturating_add(1);
    }

    fn learn_change(&mut self, change: f64, hours: i64) {
        let place = usize::try_from(self.hour.rem_euclid(hours)).unwrap_or_default();
        let Some(known) = self.changes.get_mut(place).filter(|_| !change.is_nan()) else { return };
        let before = f64::from(*known);
        *known = rounded(if before.is_nan() { FIRST_GAIN * change } else { before + GAIN * (change - before) });
    }

    /// The usual change between two steps.
    pub(super) fn change(&self, from: i64, to: i64, grid: DemandGrid) -> f64 {
        let calendar = grid.calendar();
        let hours_of_a_step = number(calendar.hours()) / number(calendar.slots());
        // The change of an hour happens between the middle of the hour before and its own middle.
        let start = (number(calendar.slot(from)) + 0.5) * hours_of_a_step + 0.5;
        let ahead = (to - from).rem_euclid(grid.season_steps());
        let end = start + number(usize::try_from(ahead).unwrap_or_default()) * hours_of_a_step;
        let mut sum = 0.0;
        let mut at = start;
        for change in self.changes_from(start, calendar.hours()) {
            let next = (at.floor() + 1.0).min(end);
            sum += (next - at) * change;
            at = next;
            if at >= end {
                break;
            }
        }
        sum
    }

    /// The changes of the hours that follow a place in the season, for a season and a little more.
    fn changes_from(&self, start: f64, hours: usize) -> impl Iterator<Item = f64> {
        let changes =
            self.changes.iter().take(hours).map(|change| if change.is_nan() { 0.0 } else { f64::from(*change) });
        let first = (1..=hours).filter(|hour| number(*hour) <= start).count();
        changes.cycle().skip(first).take(HOURS + 2)
    }
}

#[cfg(test)]
#[path = "tests/season_course.rs"]
mod tests;
