//! Recording: each function takes what was decided and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use metrics::{counter, gauge, histogram};

use super::names;
use crate::model::Reason;
use crate::state::LoadSummary;

/// What became of one bind request.
#[derive(Clone, Copy, Debug)]
pub struct Placement<'a> {
    /// `bound`, `refused`, `conflict` or `error`.
    pub result: &'static str,
    /// The pool that was asked for: its namespace and name; `tags` and `none` where there is no such object.
    pub pool: &'a str,
    /// The ranking in use.
    pub scheme: &'static str,
}

/// Counts a bind request for a PE.
pub fn placement(placement: Placement<'_>) {
    let Placement { result, pool, scheme } = placement;
    counter!(names::PLACEMENTS, "result" => result, "pool" => pool.to_owned(), "scheme" => scheme).increment(1);
}

/// Counts the nodes that filter refused.
pub fn rejections(rejected: &BTreeMap<Reason, usize>) {
    for (reason, count) in rejected {
        counter!(names::NODE_REFUSALS, "reason" => reason.as_str())
            .increment(u64::try_from(*count).unwrap_or(u64::MAX));
    }
}

/// Records one answer to kube-scheduler.
pub fn extender(verb: &'static str, outcome: &'static str, elapsed: Duration) {
    histogram!(names::EXTENDER_DURATION, "verb" => verb, "outcome" => outcome).record(elapsed);
}

/// Records one answer to the API server. `policy` is set where the pod was changed, `skipped` where it was not.
pub fn admission(
    verb: &'static str,
    outcome: &'static str,
    elapsed: Duration,
    policy: Option<&str>,
    skipped: Option<&'static str>,
) {
    histogram!(names::ADMISSION_DURATION, "verb" => verb, "outcome" => outcome).record(elapsed);
    if let Some(policy) = policy {
        counter!(names::INJECTIONS, "policy" => policy.to_owned()).increment(1);
    }
    if let Some(reason) = skipped {
        counter!(names::SKIPS, "reason" => reason).increment(1);
    }
}

/// Counts a bind that verification or the API server turned down.
pub fn bind_conflict(reason: &'static str) {
    counter!(names::COMMIT_CONFLICTS, "reason" => reason).increment(1);
}

/// Sets the size of the ledger.
pub fn assumed_pods(committed: usize, reservations: usize) {
    gauge!(names::LEDGER, "state" => "committed").set(number(committed));
    gauge!(names::LEDGER, "state" => "tentative").set(number(reservations));
}

/// Sets the age and size of the snapshot.
pub fn snapshot(age: Duration, nodes: usize) {
    gauge!(names::SNAPSHOT_AGE).set(age);
    gauge!(names::SNAPSHOT_OBJECTS).set(number(nodes));
}

/// Counts a watched object that cannot be read.
pub fn undecodable(kind: &'static str) {
    counter!(names::UNDECODABLE, "kind" => kind).increment(1);
}

/// Notes how many policies are in force, or that the last reload failed.
pub fn policies_loaded(count: Option<usize>) {
    gauge!(names::POLICY_RELOAD).set(if count.is_some() { 1.0 } else { 0.0 });
    if let Some(count) = count {
        gauge!(names::POLICIES).set(number(count));
    }
}

/// Notes how many nodes are overloaded by which metric, of how many a measurement counts, and how old the newest is; only
/// where load protection is on.
pub fn load(summary: Option<LoadSummary>, now: Timestamp) {
    let Some(LoadSummary { measured, newest, overloaded }) = summary else { return };
    for (metric, count) in overloaded {
        gauge!(names::OVERLOADED_NODES, "metric" => metric.as_str()).set(number(count));
    }
    gauge!(names::MEASURED_NODES).set(number(measured));
    let age = newest.map_or(f64::INFINITY, |newest| now.duration_since(newest).as_secs_f64().max(0.0));
    gauge!(names::LOAD_AGE).set(age);
}

/// Notes whether the load file could be read.
pub fn load_file_read(successful: bool) {
    gauge!(names::LOAD_FILE_READ).set(if successful { 1.0 } else { 0.0 });
}

/// Notes when the serving certificate expires, in seconds since 1970.
pub fn certificate_expiry(seconds: i64) {
    gauge!(names::CERTIFICATE_EXPIRY).set(u32::try_from(seconds).map_or(0.0, f64::from));
}

/// Counts what a controller has written of a kind, or tried to: `written`, `failed` or `dropped`.
pub fn controller_write(kind: &'static str, outcome: &'static str) {
    counter!(names::CONTROLLER_WRITES, "kind" => kind, "outcome" => outcome).increment(1);
}

/// Notes whether this process holds the lease of the controllers.
pub fn lease(is_held: bool) {
    gauge!(names::LEASE_HELD).set(if is_held { 1.0 } else { 0.0 });
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
