//! Reads the past of a source again after a restart, in parts that fit into memory.

use std::time::Duration;

use super::backoff::Backoff;
use super::measurements::Measurements;
use super::source::{FailureKind, PastSteps, Source};
use crate::forecast::demand::DemandGrid;
use crate::telemetry;

/// How much of the past is read: so many seasons, and at most so many days.
const SEASONS: i64 = 14;
const DAY_SECONDS: i64 = 86_400;
/// Measurements of pods and nodes that are in memory at one time: about 250 bytes each.
const MOST_OF_A_PART: usize = 200_000;
/// Measurements that are read in all: of more pods, a shorter past.
const MOST_IN_ALL: usize = 20_000_000;
/// A part after a failure is asked again so often.
const ATTEMPTS: usize = 4;
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// What became of reading the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PastOutcome {
    /// So many steps with measurements were learnt.
    Read(usize),
    /// The source keeps no past.
    NotKept,
    /// The source failed; so many steps had been learnt before.
    Failed(usize),
}

/// The past of a source, read in parts in the order of time.
#[derive(Debug)]
pub(super) struct Past {
    grid: DemandGrid,
    /// The number of pods and nodes of the present.
    width: usize,
    /// The first step that was not read yet.
    next: i64,
    last: i64,
    /// The number of steps of the next part.
    part: i64,
    outcome: PastOutcome,
}

impl Past {
    /// The past up to the step `last`. `known` is the last step that is known already; `width` is the number of pods and nodes
    /// of the present.
    pub(super) fn before(grid: DemandGrid, known: Option<i64>, last: i64, width: usize) -> Self {
        let first = first_step(grid, last, width);
        let next = known.map_or(first, |known| first.max(known.saturating_add(1)));
        Self { grid, width, next, last, part: part_of(width), outcome: PastOutcome::Read(0) }
    }

    /// The next part; `None` where the past is read, or cannot be.
    pub(super) async fn next_part(&mut self, source: &mut dyn Source) -> Option<Vec<Measurements>> {
        while self.next <= self.last {
            let last = self.last.min(self.next.saturating_add(self.part - 1));
            let steps = PastSteps { grid: self.grid, first: self.next, last };
            match read_part(source, steps).await {
                Part::Read(measurements) => {
                    self.next = last + 1;
                    self.note(&measurements);
                    return Some(measurements);
                }
                Part::TooLarge if steps.count() > 1 => self.part = (self.part / 2).max(1),
                Part::NotKept => return self.end(|_| PastOutcome::NotKept),
                Part::TooLarge | Part::Failed => return self.end(PastOutcome::Failed),
            }
        }
        None
    }

    /// What became of it.
    pub(super) fn outcome(&self) -> PastOutcome {
        self.outcome
    }

    fn note(&mut self, measurements: &[Measurements]) {
        if let PastOutcome::Read(learnt) = &mut self.outcome {
            *learnt += measurements.iter().filter(|step| !step.is_empty()).count();
        }
        // Clusters grow and shrink.
        let widest = measurements.iter().map(|step| step.pods.len() + step.nodes.len()).max();
        self.part = part_of(widest.unwrap_or(0).max(self.width));
    }

    fn end(&mut self, outcome: impl FnOnce(usize) -> PastOutcome) -> Option<Vec<Measurements>> {
        let PastOutcome::Read(learnt) = self.outcome else { return None };
        self.outcome = outcome(learnt);
        self.next = self.last.saturating_add(1);
        None
    }
}

/// The first step of the past that is read.
fn first_step(grid: DemandGrid, last: i64, width: usize) -> i64 {
    let seconds = grid.step().as_secs().max(1);
    let of_seasons = SEASONS * grid.season_steps().min(DAY_SECONDS / seconds);
    let affordable = i64::try_from(MOST_IN_ALL / width.max(1)).unwrap_or(i64::MAX);
    last.saturating_sub(of_seasons.min(affordable)).saturating_add(1)
}

/// The number of steps of a part.
fn part_of(width: usize) -> i64 {
    /// A longer answer takes longer than one answer may take.
    const MOST_STEPS: usize = 288;
    i64::try_from((MOST_OF_A_PART / width.max(1)).clamp(1, MOST_STEPS)).unwrap_or(1)
}

enum Part {
    Read(Vec<Measurements>),
    NotKept,
    TooLarge,
    Failed,
}

async fn read_part(source: &mut dyn Source, steps: PastSteps) -> Part {
    let mut backoff = Backoff::up_to(LONGEST_PAUSE);
    for _ in 0..ATTEMPTS {
        let error = match source.read_past(steps).await {
            None => return Part::NotKept,
            Some(Ok(measurements)) => return Part::Read(measurements),
            Some(Err(error)) => error,
        };
        telemetry::demand_failure(source.name(), error.kind.as_str());
        if error.kind == FailureKind::TooLarge {
            return Part::TooLarge;
        }
        tracing::warn!(source = source.name(), problem = error.problem, "a part of the past could not be read");
        tokio::time::sleep(backoff.next()).await;
    }
    Part::Failed
}

#[cfg(test)]
#[path = "tests/past.rs"]
mod tests;
