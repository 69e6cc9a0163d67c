//! Events on jobs and pods, bounded in rate.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource as _, ResourceExt as _};

use super::rate_limit::TokenBucket;
use crate::api::StreamJob;
use crate::state::ExpiredReservation;
use crate::status::{InvolvedObject, JobEvent};
use crate::telemetry::{self, WriteOutcome};

/// Events that may be written at once.
const BURST: u32 = 200;
/// One more event may be written each period. Events are news for people; the status holds the state of each PE.
const PERIOD: Duration = Duration::from_millis(50);
/// How long the API server may take for all events of one status.
const DEADLINE: Duration = Duration::from_secs(1);
/// How long events are dropped after the API server has not answered.
const PAUSE: Duration = Duration::from_secs(10);
/// The API server refuses notes of more than 1,024 bytes.
const LONGEST_NOTE: usize = 1_000;
const CONTROLLER: &str = "outrigger.dev/controller";
const ACTION: &str = "Placing";
/// The reason of an event about a reservation that was given up.
const RESERVATION_EXPIRED: &str = "ReservationExpired";

/// Publishes the events of jobs.
pub(super) struct EventPublisher {
    client: Client,
    reporter: Reporter,
    rate: TokenBucket,
    /// Events are dropped until then.
    silent_until: Option<Instant>,
}

impl EventPublisher {
    pub(super) fn new(client: Client, instance: String, now: Instant) -> Self {
        let reporter = Reporter { controller: CONTROLLER.to_owned(), instance: Some(instance) };
        Self { client, reporter, rate: TokenBucket::new(BURST, PERIOD, now), silent_until: None }
    }

    /// Publishes what happened to a job. Events beyond the rate are counted and dropped, and so are events that the API
    /// server does not take: an event is not tried again. All events together have a deadline, and events are dropped for
    /// a while after the API server has not answered: status writes do not wait for events.
    pub(super) async fn publish(&mut self, job: &StreamJob, events: Vec<JobEvent>, now: Instant) {
        // A recorder joins events of one object, type and reason into a series for six minutes, and the series keeps the
        // note of its first event. A PE that waits for other reasons than before would go on showing the former ones.
        // `status` reports changes only, so that there are no repeats to join: each status written has its own recorder.
        let recorder = Recorder::new(self.client.clone(), self.reporter.clone());
        let until = tokio::time::Instant::now() + DEADLINE;
        for event in events {
            self.publish_one(&recorder, recorded(job, event), now, until).await;
        }
    }

    /// Publishes that reservations were given up, also of pods whose job no object declares.
    pub(super) async fn publish_expired(&mut self, reservations: &[ExpiredReservation], now: Instant) {
        let recorder = Recorder::new(self.client.clone(), self.reporter.clone());
        let until = tokio::time::Instant::now() + DEADLINE;
        for reservation in reservations {
            tracing::warn!(pod = %reservation.pod, node = %reservation.node, "a reservation was given up");
            self.publish_one(&recorder, expired(reservation), now, until).await;
        }
    }

    async fn publish_one(
        &mut self,
        recorder: &Recorder,
        event: (Event, ObjectReference),
        now: Instant,
        until: tokio::time::Instant,
    ) {
        let outcome = if self.silent_until.is_some_and(|until| now < until) || !self.rate.try_take(now) {
            WriteOutcome::Dropped
        } else {
            match publish(recorder, &event, until).await {
                Answer::Taken => WriteOutcome::Written,
                Answer::Refused => WriteOutcome::Failed,
                Answer::None => {
                    self.silent_until = Some(now + PAUSE);
                    WriteOutcome::Failed
                }
            }
        };
        telemetry::controller_write("Event", outcome);
    }
}

/// What the API server made of an event.
enum Answer {
    Taken,
    Refused,
    /// No answer in time.
    None,
}

async fn publish(recorder: &Recorder, event: &(Event, ObjectReference), until: tokio::time::Instant) -> Answer {
    let (event, regarding) = event;
    let (answer, problem) = match tokio::time::timeout_at(until, recorder.publish(event, regarding)).await {
        Ok(Ok(())) => return Answer::Taken,
        Ok(Err(error)) => (Answer::Refused, error.to_string()),
        Err(_elapsed) => {
            (Answer::None, format!("no answer within {} s; events are dropped meanwhile", DEADLINE.as_secs()))
        }
    };
    let object = regarding.name.as_deref().unwrap_or_default();
    tracing::warn!(object, reason = event.reason, problem, "cannot write an event");
    answer
}

/// The event about a pod whose reservation was given up.
fn expired(reservation: &ExpiredReservation) -> (Event, ObjectReference) {
    let ExpiredReservation { pod, job, node } = reservation;
    let note = format!(
        "node {node} was reserved for this PE of job {job}, because a PE of its gang or bucket was bound, and is given up: \
         the PE was not bound there in time (spec.placement.reservationTimeout of the policy)"
    );
    let event = Event {
        type_: EventType::Warning,
        reason: RESERVATION_EXPIRED.to_owned(),
        note: Some(note.chars().take(LONGEST_NOTE).collect()),
        action: ACTION.to_owned(),
        secondary: None,
    };
    let regarding = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Pod".to_owned()),
        namespace: Some(pod.namespace.to_string()),
        name: Some(pod.name.to_string()),
        uid: Some(pod.uid.to_string()),
        ..ObjectReference::default()
    };
    (event, regarding)
}

/// The event as the recorder takes it, and the object that the event is about.
fn recorded(job: &StreamJob, event: JobEvent) -> (Event, ObjectReference) {
    let job_reference = job.object_ref(&());
    let (regarding, secondary) = match event.regarding {
        InvolvedObject::Job => (job_reference, None),
        InvolvedObject::Pod { name, uid } => {
            let pod = ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("Pod".to_owned()),
                namespace: job.namespace(),
                name: Some(name),
                uid: Some(uid),
                ..ObjectReference::default()
            };
            (pod, Some(job_reference))
        }
    };
    let event = Event {
        type_: if event.is_warning { EventType::Warning } else { EventType::Normal },
        reason: event.reason.to_owned(),
        note: Some(event.note.chars().take(LONGEST_NOTE).collect()),
        action: ACTION.to_owned(),
        secondary,
    };
    (event, regarding)
}

#[cfg(test)]
#[path = "tests/events.rs"]
mod tests;
