//! The step of an observation, whatever the clock of the source does.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::grid::DemandGrid;

/// Numbers observations by step. Steps only grow.
///
/// - An observation of the last step, or of at most [`LATE`] steps before, is late, and is ignored.
/// - A later one is accepted: the steps between are missing.
/// - One that is more than [`FAR`] seasons later, or more than [`LATE`] steps before, is a step of the clock, which is believed
///   once [`CONFIRMATIONS`] observations in a row agree: a single wrong time forgets nothing.
/// - Where the clock was set back, steps go on after the last one, at the same place in the season.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StepClock {
    last: Option<i64>,
    /// How many steps the number of a step is ahead of the clock: whole seasons.
    ahead: i64,
    doubted: Option<Doubted>,
}

/// Observations at a time that is not believed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Doubted {
    last: i64,
    count: u32,
}

/// Observations may be so many steps late.
const LATE: i64 = 12;
/// The clock may go so many seasons forward without doubt: half of what a forecaster remembers.
const FAR: i64 = 7;
/// So many observations in a row show that the clock was set.
const CONFIRMATIONS: u32 = 3;
/// Larger numbers of steps are no times.
const MOST_STEPS: i64 = 1 << 40;

impl StepClock {
    /// The number of the step of the next observation, larger than all before; `None`: the observation does not count.
    pub(super) fn advance(&mut self, at: Timestamp, grid: DemandGrid) -> Option<i64> {
        let step = grid.step_of(at) + self.ahead;
        let Some(last) = self.last else { return Some(self.accept(step)) };
        let season = grid.season_steps();
        if step > last && step - last <= FAR * season {
            return Some(self.accept(step));
        }
        if step <= last && last - step <= LATE {
            return None;
        }
        if !self.is_confirmed(step) {
            return None;
        }
        if step > last {
            return Some(self.accept(step));
        }
        let seasons = (last - step).div_euclid(season) + 1;
        self.ahead += seasons * season;
        Some(self.accept(step + seasons * season))
    }

    fn accept(&mut self, step: i64) -> i64 {
        self.doubted = None;
        self.last = Some(step);
        step
    }

    fn is_confirmed(&mut self, step: i64) -> bool {
        let goes_on = |doubted: &Doubted| (1..=LATE).contains(&(step - doubted.last));
        let count = self.doubted.filter(goes_on).map_or(1, |doubted| doubted.count + 1);
        self.doubted = Some(Doubted { last: step, count });
        count >= CONFIRMATIONS
    }

    /// The last step that was accepted.
    pub(super) fn last(&self) -> Option<i64> {
        self.last
    }

    /// False for numbers that no clock gives: they were read from a damaged file.
    pub(super) fn is_valid(&self) -> bool {
        let steps = [self.last.unwrap_or_default(), self.ahead, self.doubted.map_or(0, |doubted| doubted.last)];
        steps.into_iter().all(|step| step.checked_abs().is_some_and(|step| step < MOST_STEPS))
    }
}

#[cfg(test)]
#[path = "tests/step_clock.rs"]
mod tests;
