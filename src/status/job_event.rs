//! The events of a `StreamJob`: what changed from one status to the next.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::job::{PLACED, SPEC_OVERRIDDEN, largest_counts};
use crate::api::{Phase, PlacementStatus, StreamJobStatus};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEvent {
    /// The object that the event is about.
    pub regarding: InvolvedObject,
    /// What happened: `Placed`, `Waiting` or `SpecOverridden`.
    pub reason: &'static str,
    /// True for type `Warning`, false for type `Normal`.
    pub is_warning: bool,
    /// What happened, in a sentence.
    pub note: String,
}

/// The object that an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvolvedObject {
    /// The job.
    Job,
    /// A pod of the job.
    Pod {
        /// Name of the pod.
        name: String,
        /// UID of the pod.
        uid: String,
    },
}

/// The reason of an event about a PE, or a job, that waits for nodes.
const WAITING: &str = "Waiting";

/// What happened from one status of a job to the next. A reason code that comes or goes is an event; a count that changes
/// is none.
#[must_use]
pub fn job_events(before: Option<&StreamJobStatus>, after: &StreamJobStatus) -> Vec<JobEvent> {
    let last: BTreeMap<&Option<String>, &PlacementStatus> =
        before.into_iter().flat_map(|before| &before.placements).map(|last| (&last.uid, last)).collect();
    let of_pods = after.placements.iter().filter_map(|place| pod_event(last.get(&place.uid).copied(), place));
    let mut events: Vec<JobEvent> = of_pods.collect();
    let mut push = |reason, is_warning, condition: &str| {
        let note = find_condition(after, condition).map(|condition| condition.message.clone()).unwrap_or_default();
        events.push(JobEvent { regarding: InvolvedObject::Job, reason, is_warning, note });
    };
    let was_placed = before.is_some_and(|before| before.phase == Phase::Placed);
    let codes = waiting_codes(after);
    if after.phase == Phase::Placed && !was_placed {
        push(PLACED, false, PLACED);
    } else if !codes.is_empty() && before.map(waiting_codes).unwrap_or_default() != codes {
        push(WAITING, true, PLACED);
    }
    let is_overridden = |status| find_condition(status, SPEC_OVERRIDDEN).is_some_and(|found| found.status == "True");
    if is_overridden(after) && !before.is_some_and(is_overridden) {
        push(SPEC_OVERRIDDEN, true, SPEC_OVERRIDDEN);
    }
    events
}

fn find_condition<'a>(status: &'a StreamJobStatus, kind: &str) -> Option<&'a Condition> {
    status.conditions.iter().find(|condition| condition.type_ == kind)
}

fn pod_event(last: Option<&PlacementStatus>, place: &PlacementStatus) -> Option<JobEvent> {
    let regarding = InvolvedObject::Pod { name: place.pod.clone()?, uid: place.uid.clone()? };
    let counts = place.rejected.iter().map(|(code, nodes)| (code.as_str(), i64::from(*nodes))).collect();
    let rejected = largest_counts(counts);
    if let Some(node) = &place.node {
        if last.is_some_and(|last| last.node.is_some()) {
            return None;
        }
        let rank = place.rank.map(|rank| format!(", rank {rank} of the nodes that passed")).unwrap_or_default();
        let rejected = if rejected.is_empty() { rejected } else { format!("; nodes rejected: {rejected}") };
        let note = format!("placed PE {} on node {node}{rank}{rejected}", place.pe);
        return Some(JobEvent { regarding, reason: PLACED, is_warning: false, note });
    }
    let codes = |place: &PlacementStatus| place.rejected.keys().cloned().collect::<BTreeSet<String>>();
    if place.rejected.is_empty() || last.is_some_and(|last| codes(last) == codes(place)) {
        return None;
    }
    let note = format!("PE {} waits for a node; nodes rejected: {rejected}", place.pe);
    Some(JobEvent { regarding, reason: WAITING, is_warning: true, note })
}

/// The reason codes that PEs of the job wait for.
fn waiting_codes(status: &StreamJobStatus) -> BTreeSet<&str> {
    let waiting = status.placements.iter().filter(|place| place.node.is_none());
    waiting.flat_map(|place| place.rejected.keys()).map(String::as_str).collect()
}

#[cfg(test)]
#[path = "tests/job_event.rs"]
mod tests;
