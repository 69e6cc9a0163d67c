//! Events on jobs and pods, bounded in rate.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client, Resource as _, ResourceExt as _};

use crate::api::StreamJob;
use crate::status::{JobEvent, Subject};
use crate::telemetry;

/// So many at once.
const BURST: u32 = 200;
/// And then one in so long: they are news for people, what has become of each PE stands in the status.
const PERIOD: Duration = Duration::from_millis(50);
/// Longer notes are refused by the API server.
const LONGEST: usize = 1_000;
const REPORTER: &str = "outrigger.dev/controller";

/// Writes events.
pub(super) struct Events {
    client: Client,
    instance: String,
    left: u32,
    filled: Instant,
    number: u64,
}

impl Events {
    pub(super) fn new(client: Client, instance: String, now: Instant) -> Self {
        Self { client, instance, left: BURST, filled: now, number: 0 }
    }

    /// Writes what has happened to a job; what is too much is counted and dropped, as is what cannot be written.
    pub(super) async fn publish(&mut self, job: &StreamJob, notes: Vec<JobEvent>, (now, time): (Instant, Timestamp)) {
        for note in notes {
            if !self.may_write(now) {
                telemetry::controller_write("Event", "dropped");
                continue;
            }
            let namespace = job.namespace().unwrap_or_default();
            let api: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
            let event = self.event(job, note, time);
            let outcome = match api.create(&PostParams::default(), &event).await {
                Ok(_) => "written",
                Err(error) => {
                    tracing::warn!(job = job.name_any(), %error, "an event cannot be written");
                    "failed"
                }
            };
            telemetry::controller_write("Event", outcome);
        }
    }

    fn may_write(&mut self, now: Instant) -> bool {
        let periods = now.saturating_duration_since(self.filled).as_millis() / PERIOD.as_millis();
        if let Ok(periods @ 1..) = u32::try_from(periods) {
            self.left = self.left.saturating_add(periods).min(BURST);
            self.filled = now;
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }

    fn event(&mut self, job: &StreamJob, note: JobEvent, time: Timestamp) -> Event {
        let of_job = job.object_ref(&());
        let (regarding, related) = match note.subject {
            Subject::Job => (of_job, None),
            Subject::Pod(name, uid) => {
                let pod = ObjectReference {
                    api_version: Some("v1".to_owned()),
                    kind: Some("Pod".to_owned()),
                    namespace: job.namespace(),
                    name: Some(name),
                    uid: Some(uid),
                    ..ObjectReference::default()
                };
                (pod, Some(of_job))
            }
        };
        self.number += 1;
        let name: String = regarding.name.iter().flat_map(|name| name.chars()).take(200).collect();
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{name}.{:x}.{:x}", time.as_nanosecond(), self.number)),
                namespace: job.namespace(),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(time)),
            action: Some("Placing".to_owned()),
            reason: Some(note.reason.to_owned()),
            type_: Some(if note.is_warning { "Warning" } else { "Normal" }.to_owned()),
            note: Some(note.text.chars().take(LONGEST).collect()),
            reporting_controller: Some(REPORTER.to_owned()),
            reporting_instance: Some(self.instance.clone()),
            regarding: Some(regarding),
            related,
            ..Event::default()
        }
    }
}
