//! The time of an input: the newest time at which something in it had happened.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

/// Members whose time has passed when an object is printed. Times of other members may lie ahead: a deletion, a renewal, an
/// expiry.
const PAST: [&str; 11] = [
    "completionTime",
    "creationTimestamp",
    "finishedAt",
    "lastHeartbeatTime",
    "lastProbeTime",
    "lastTransitionTime",
    "lastUpdateTime",
    "startTime",
    "startedAt",
    "succeededTime",
    // of an entry in managedFields
    "time",
];

/// The newest time in an object at which something had happened; `None` where it has no such time.
#[must_use]
pub fn newest_time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Object(members) => {
            let own =
                members.iter().filter(|(key, _)| PAST.contains(&key.as_str())).filter_map(|(_, member)| time(member));
            let within = members.values().filter_map(newest_time);
            own.chain(within).chain(deletion_asked(members)).max()
        }
        Value::Array(items) => items.iter().filter_map(newest_time).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// When the deletion of an object was asked for: its deletion timestamp is the end of the grace period.
fn deletion_asked(metadata: &Map<String, Value>) -> Option<Timestamp> {
    let end = time(metadata.get("deletionTimestamp")?)?;
    let grace = metadata.get("deletionGracePeriodSeconds")?.as_i64()?;
    end.checked_sub(SignedDuration::from_secs(grace)).ok()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
#[path = "tests/input_time.rs"]
mod tests;
