//! The grid of demand: the length of a step and of a season, and how far forecasts reach.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::forecast::Calendar;
use crate::model::MOST_HORIZON_STEPS;

/// The grid of demand: equal steps of the clock in seasons, and the number of steps that are forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "GridParameters", try_from = "GridParameters")]
pub struct DemandGrid {
    step_seconds: i64,
    calendar: Calendar,
    steps: usize,
}

/// The parameters of a grid, as they are written.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct GridParameters {
    step_seconds: i64,
    slots: u32,
    steps: u32,
}

/// The most steps of a season. The memory of a series grows with it: 16 KB for 288 steps, 64 KB for 1440.
pub const MOST_SEASON_STEPS: i64 = 1_440;
const DAY_SECONDS: i64 = 86_400;

/// Parameters that make no grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDemandGrid {
    /// The step is shorter than a second, or has a fraction of a second.
    #[error("the step {step:#} is not a whole number of seconds; write `5m` or `1s`")]
    Step {
        /// The step.
        step: SignedDuration,
    },
    /// The season is not a multiple of the step.
    #[error("the season {season:#} is not a multiple of the step {step:#}; with a step of `5m`, write `24h`")]
    Season {
        /// The season.
        season: SignedDuration,
        /// The step.
        step: SignedDuration,
    },
    /// The season has more than [`MOST_SEASON_STEPS`] steps.
    #[error("the season {season:#} has {steps} steps, and may have {MOST_SEASON_STEPS}; write a longer step")]
    TooManySteps {
        /// The season.
        season: SignedDuration,
        /// The number of its steps.
        steps: i64,
    },
    /// The horizon has no step, or more than [`MOST_HORIZON_STEPS`].
    #[error("a horizon of {steps} steps; write 1 to {MOST_HORIZON_STEPS}")]
    Horizon {
        /// The number of steps.
        steps: usize,
    },
}

impl DemandGrid {
    /// A grid of this step and season, whose forecasts reach so many steps ahead.
    ///
    /// # Errors
    /// [`InvalidDemandGrid`]: see its variants.
    pub fn new(step: SignedDuration, season: SignedDuration, steps: usize) -> Result<Self, InvalidDemandGrid> {
        let step_seconds = step.as_secs();
        if step_seconds < 1 || step.subsec_nanos() != 0 {
            return Err(InvalidDemandGrid::Step { step });
        }
        let slots = season.as_secs() / step_seconds;
        if slots < 1 || season.as_secs() % step_seconds != 0 || season.subsec_nanos() != 0 {
            return Err(InvalidDemandGrid::Season { season, step });
        }
        if slots > MOST_SEASON_STEPS {
            return Err(InvalidDemandGrid::TooManySteps { season, steps: slots });
        }
        if steps == 0 || steps > MOST_HORIZON_STEPS {
            return Err(InvalidDemandGrid::Horizon { steps });
        }
        let slots = usize::try_from(slots).unwrap_or(1);
        let is_day = season.as_secs() == DAY_SECONDS;
        let calendar = if is_day { Calendar::of_days(slots) } else { Calendar::of_seasons(slots) };
        Ok(Self { step_seconds, calendar, steps })
    }

    /// The length of a step.
    #[must_use]
    pub fn step(self) -> SignedDuration {
        SignedDuration::from_secs(self.step_seconds)
    }

    /// How many steps are forecast.
    #[must_use]
    pub fn steps(self) -> usize {
        self.steps
    }

    pub(super) fn calendar(self) -> Calendar {
        self.calendar
    }

    /// The number of steps of a season.
    #[must_use]
    pub fn season_steps(self) -> i64 {
        i64::try_from(self.calendar.slots()).unwrap_or(MOST_SEASON_STEPS)
    }

    /// The number of the step of a time, since the Unix epoch.
    pub(super) fn step_of(self, time: Timestamp) -> i64 {
        time.as_second().div_euclid(self.step_seconds)
    }
}

impl Default for DemandGrid {
    /// Steps of 5 minutes in days, one hour ahead.
    fn default() -> Self {
        Self { step_seconds: 300, calendar: Calendar::of_days(288), steps: MOST_HORIZON_STEPS }
    }
}

impl From<DemandGrid> for GridParameters {
    fn from(grid: DemandGrid) -> Self {
        Self {
            step_seconds: grid.step_seconds,
            slots: u32::try_from(grid.calendar.slots()).unwrap_or(u32::MAX),
            steps: u32::try_from(grid.steps).unwrap_or(u32::MAX),
        }
    }
}

impl TryFrom<GridParameters> for DemandGrid {
    type Error = InvalidDemandGrid;

    fn try_from(written: GridParameters) -> Result<Self, Self::Error> {
        let step = SignedDuration::from_secs(written.step_seconds);
        let season = SignedDuration::from_secs(written.step_seconds.saturating_mul(i64::from(written.slots)));
        Self::new(step, season, usize::try_from(written.steps).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
#[path = "tests/grid.rs"]
mod tests;
