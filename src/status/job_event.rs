//! What has happened since the last status, as events tell it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::job::largest;
use crate::api::{Phase, PlacementStatus, StreamJobStatus};

/// One event: what happened to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEvent {
    /// Whom it concerns.
    pub subject: Subject,
    /// What happened: `Placed`, `Waiting`, or `WishesDiffer`.
    pub reason: &'static str,
    /// True when somebody may want to do something about it.
    pub is_warning: bool,
    /// What happened, in a sentence.
    pub text: String,
}

/// Whom an event concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The job.
    Job,
    /// A pod of it, by name and UID.
    Pod(String, String),
}

/// What has happened from one status of a job to the next. Counts that go up and down are no news; codes that come or go
/// are.
#[must_use]
pub fn notes(before: Option<&StreamJobStatus>, after: &StreamJobStatus) -> Vec<JobEvent> {
    let mut notes = Vec::new();
    let last: BTreeMap<&Option<String>, &PlacementStatus> =
        before.into_iter().flat_map(|before| &before.placements).map(|last| (&last.uid, last)).collect();
    for place in &after.placements {
        notes.extend(of_pod(last.get(&place.uid).copied(), place));
    }
    let mut of_job =
        |reason, is_warning, text| notes.push(JobEvent { subject: Subject::Job, reason, is_warning, text });
    let was_placed = before.is_some_and(|before| before.phase == Phase::Placed);
    let codes = waits_for(after);
    if after.phase == Phase::Placed && !was_placed {
        of_job("Placed", false, message(after, "Placed"));
    } else if !codes.is_empty() && before.map(waits_for).unwrap_or_default() != codes {
        of_job("Waiting", true, message(after, "Placed"));
    }
    if holds(after, "WishesDiffer") && !before.is_some_and(|before| holds(before, "WishesDiffer")) {
        of_job("WishesDiffer", true, message(after, "WishesDiffer"));
    }
    notes
}

fn condition<'a>(status: &'a StreamJobStatus, kind: &str) -> Option<&'a Condition> {
    status.conditions.iter().find(|condition| condition.type_ == kind)
}

fn holds(status: &StreamJobStatus, kind: &str) -> bool {
    condition(status, kind).is_some_and(|condition| condition.status == "True")
}

fn message(status: &StreamJobStatus, kind: &str) -> String {
    condition(status, kind).map(|condition| condition.message.clone()).unwrap_or_default()
}

fn of_pod(last: Option<&PlacementStatus>, place: &PlacementStatus) -> Option<JobEvent> {
    let subject = Subject::Pod(place.pod.clone()?, place.uid.clone()?);
    let rejected = largest(place.rejected.iter().map(|(code, nodes)| (code.as_str(), i64::from(*nodes))).collect());
    if let Some(node) = &place.node {
        if last.is_some_and(|last| last.node.is_some()) {
            return None;
        }
        let rank = place.rank.map(|rank| format!(", number {rank} of the nodes that passed")).unwrap_or_default();
        let rejected = if rejected.is_empty() { rejected } else { format!("; nodes refused: {rejected}") };
        let text = format!("PE {} is on {node}{rank}{rejected}", place.pe);
        return Some(JobEvent { subject, reason: "Placed", is_warning: false, text });
    }
    let codes = |place: &PlacementStatus| place.rejected.keys().cloned().collect::<BTreeSet<String>>();
    if place.rejected.is_empty() || last.is_some_and(|last| codes(last) == codes(place)) {
        return None;
    }
    let text = format!("PE {} waits; nodes refused: {rejected}", place.pe);
    Some(JobEvent { subject, reason: "Waiting", is_warning: true, text })
}

/// The codes that PEs of the job wait for.
fn waits_for(status: &StreamJobStatus) -> BTreeSet<&str> {
    let waiting = status.placements.iter().filter(|place| place.node.is_none());
    waiting.flat_map(|place| place.rejected.keys()).map(String::as_str).collect()
}
