use std::sync::Mutex;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::demand::measurements::PodReference;
use crate::demand::source::{Reading, SourceError, Wanted};
use crate::demand::steps::end_of;

/// A source with one pod, whose answers about the past are as long as it allows.
struct Kept {
    most_steps: usize,
    failure: Option<FailureKind>,
    asked: Mutex<Vec<(i64, i64)>>,
}

impl Kept {
    fn new(most_steps: usize, failure: Option<FailureKind>) -> Self {
        Self { most_steps, failure, asked: Mutex::default() }
    }

    fn answer(&self, steps: PastSteps) -> Result<Vec<Measurements>, SourceError> {
        if let Some(kind) = self.failure {
            return Err(SourceError::new(kind, "failed"));
        }
        if steps.count() > self.most_steps {
            return Err(SourceError::new(FailureKind::TooLarge, "too large"));
        }
        let step = |number| {
            let mut measurements = Measurements::nothing(end_of(steps.grid.step(), number));
            measurements.pod(PodReference { namespace: "ns".into(), pod: "p".into() }).measured.cpu = Some(1.0);
            measurements
        };
        Ok((steps.first..=steps.last).map(step).collect())
    }
}

impl Source for Kept {
    fn name(&self) -> &'static str {
        "test"
    }

    fn read(&mut self, at: Timestamp, _wanted: Wanted) -> BoxFuture<'_, Reading> {
        std::future::ready(Reading { measurements: Measurements::nothing(at), failures: Vec::new() }).boxed()
    }

    fn read_past(&mut self, steps: PastSteps) -> BoxFuture<'_, Option<Result<Vec<Measurements>, SourceError>>> {
        self.asked.lock().unwrap().push((steps.first, steps.last));
        std::future::ready(Some(self.answer(steps))).boxed()
    }
}

/// Steps of a minute in seasons of ten.
fn grid() -> DemandGrid {
    DemandGrid::new(SignedDuration::from_mins(1), SignedDuration::from_mins(10), 3).unwrap()
}

async fn read(source: &mut Kept, known: Option<i64>, width: usize) -> (PastOutcome, Vec<Timestamp>) {
    let mut past = Past::before(grid(), known, 1_000, width);
    let mut learnt = Vec::new();
    while let Some(part) = past.next_part(source).await {
        learnt.extend(part.iter().map(|step| step.at));
    }
    (past.outcome(), learnt)
}

#[tokio::test]
async fn fourteen_seasons_are_read_in_the_order_of_time_and_each_step_once() {
    let (outcome, learnt) = read(&mut Kept::new(1_000, None), None, 1).await;
    assert_eq!(outcome, PastOutcome::Read(140));
    let expected: Vec<Timestamp> = (861..=1_000).map(|step| end_of(grid().step(), step)).collect();
    assert_eq!(learnt, expected);
}

#[tokio::test]
async fn what_is_known_already_is_not_read_again() {
    let (outcome, learnt) = read(&mut Kept::new(1_000, None), Some(998), 1).await;
    assert_eq!((outcome, learnt.len()), (PastOutcome::Read(2), 2));
    assert_eq!(read(&mut Kept::new(1_000, None), Some(1_000), 1).await.0, PastOutcome::Read(0));
}

#[tokio::test]
async fn a_part_that_is_too_large_is_halved_until_it_fits() {
    let mut source = Kept::new(3, None);
    let (outcome, learnt) = read(&mut source, None, 1).await;
    assert_eq!((outcome, learnt.len()), (PastOutcome::Read(140), 140));
    let nothing_fits = read(&mut Kept::new(0, None), None, 1).await;
    assert_eq!(nothing_fits, (PastOutcome::Failed(0), vec![]));
}

#[tokio::test]
async fn of_many_pods_parts_and_past_are_shorter_so_that_memory_and_time_are_bounded() {
    let mut source = Kept::new(1_000, None);
    assert_eq!(read(&mut source, None, 1_000_000).await.0, PastOutcome::Read(20));
    let asked = source.asked.into_inner().unwrap();
    assert!(asked.iter().all(|(first, last)| first == last), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_is_asked_a_few_times_and_then_left_alone() {
    let mut source = Kept::new(1, Some(FailureKind::Timeout));
    assert_eq!(read(&mut source, None, 1).await, (PastOutcome::Failed(0), vec![]));
    assert_eq!(source.asked.into_inner().unwrap().len(), ATTEMPTS);
}
