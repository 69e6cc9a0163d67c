//! Recording: each function takes what was decided and nothing else.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use metrics::{counter, gauge, histogram};

use super::bounded_label::BoundedLabel;
use super::names;
use crate::forecast::demand::{DemandAccuracy, DemandCounts};
use crate::model::{Reason, RequestOutcome, WithheldReason};
use crate::state::LoadSummary;

/// How one bind request for a PE was answered.
#[derive(Clone, Copy, Debug)]
pub struct BindOutcome<'a> {
    /// The outcome of the request.
    pub result: RequestOutcome,
    /// The pool that the PE asks for, as `namespace/name`; `tags` and `none` where the PE names no pool.
    pub pool: &'a str,
    /// The scoring strategy of the PE.
    pub scheme: &'static str,
}

/// What became of a write of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The API server took the write.
    Written,
    /// The API server refused the write or did not answer.
    Failed,
    /// There were too many writes of this kind.
    Dropped,
}

impl WriteOutcome {
    /// The label in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// Counts a bind request for a PE.
pub fn placement(outcome: BindOutcome<'_>) {
    let BindOutcome { result, pool, scheme } = outcome;
    let pool = POOLS.lock().unwrap_or_else(PoisonError::into_inner).value(pool);
    counter!(names::PLACEMENTS, "result" => result.as_str(), "pool" => pool, "scheme" => scheme).increment(1);
}

/// The pools that have been values of a label.
static POOLS: Mutex<BoundedLabel> = Mutex::new(BoundedLabel::new());

/// Counts the nodes that filter rejected.
pub fn rejections(rejected: &BTreeMap<Reason, usize>) {
    for (reason, count) in rejected {
        counter!(names::NODE_REFUSALS, "reason" => reason.as_str())
            .increment(u64::try_from(*count).unwrap_or(u64::MAX));
    }
}

/// Records the duration of one request of kube-scheduler.
pub fn extender(verb: &'static str, outcome: RequestOutcome, elapsed: Duration) {
    histogram!(names::EXTENDER_DURATION, "verb" => verb, "outcome" => outcome.as_str()).record(elapsed);
}

/// The answer to one request of the API server.
#[derive(Clone, Copy, Debug)]
pub struct ReviewOutcome<'a> {
    /// The outcome of the request.
    pub outcome: RequestOutcome,
    /// The policy that patched the pod; `None` where nothing was injected.
    pub injected_by: Option<&'a str>,
    /// Why the pod was left as it is; `None` where the pod was decided on.
    pub skipped: Option<&'static str>,
    /// Whether the review counts as an object.
    pub count: ReviewCount,
}

/// What a review counts as, beside its duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewCount {
    /// An object: injected or skipped.
    Object,
    /// A dry run, which stores nothing.
    DryRun,
    /// Nothing: the object was counted at an earlier review.
    Nothing,
}

/// Records one request of the API server.
pub fn admission(verb: &'static str, elapsed: Duration, review: ReviewOutcome<'_>) {
    let ReviewOutcome { outcome, injected_by, skipped, count } = review;
    histogram!(names::ADMISSION_DURATION, "verb" => verb, "outcome" => outcome.as_str()).record(elapsed);
    match count {
        ReviewCount::Object => {
            if let Some(policy) = injected_by {
                counter!(names::INJECTIONS, "policy" => policy.to_owned()).increment(1);
            }
            if let Some(reason) = skipped {
                counter!(names::SKIPS, "reason" => reason).increment(1);
            }
        }
        ReviewCount::DryRun => counter!(names::DRY_RUNS, "outcome" => outcome.as_str()).increment(1),
        ReviewCount::Nothing => {}
    }
}

/// Counts a sidecar that a pod does not get.
pub fn withheld(reason: WithheldReason) {
    counter!(names::WITHHELD, "reason" => reason.as_str()).increment(1);
}

/// Counts a bind request that verification or the API server turned down.
pub fn bind_conflict(reason: &'static str) {
    counter!(names::COMMIT_CONFLICTS, "reason" => reason).increment(1);
}

/// Sets the number of assumed pods, of nodes that scheduling cycles have chosen, and of nodes that are reserved for gangs and
/// buckets.
pub fn assumed_pods(assumed: usize, tentative: usize, reserved: usize) {
    gauge!(names::LEDGER, "state" => "committed").set(number(assumed));
    gauge!(names::LEDGER, "state" => "tentative").set(number(tentative));
    gauge!(names::LEDGER, "state" => "reserved").set(number(reserved));
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

/// Sets the number of policies in force; `None` where the last reload failed.
pub fn policies_loaded(count: Option<usize>) {
    gauge!(names::POLICY_RELOAD).set(if count.is_some() { 1.0 } else { 0.0 });
    if let Some(count) = count {
        gauge!(names::POLICIES).set(number(count));
    }
}

/// Sets how many sidecars the API server accepts in no pod.
pub fn rejected_sidecars(count: usize) {
    gauge!(names::REJECTED_SIDECARS).set(number(count));
}

/// Sets how many warnings there are of the policies in force.
pub fn policy_warnings(count: usize) {
    gauge!(names::POLICY_WARNINGS).set(number(count));
}

/// Sets for each policy whether the registration of the webhook sends the pods that the policy selects.
pub fn policies_sent(policies: impl Iterator<Item = (Arc<str>, bool)>) {
    static KNOWN: Mutex<BTreeSet<Arc<str>>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let set = |policy: &Arc<str>, is_sent: bool| {
        gauge!(names::POLICY_SENT, "policy" => Arc::clone(policy)).set(if is_sent { 1.0 } else { 0.0 });
    };
    // A policy that is gone misses no pod.
    for policy in known.iter() {
        set(policy, true);
    }
    for (policy, is_sent) in policies {
        set(&policy, is_sent);
        known.insert(policy);
    }
}

/// Sets how many nodes are overloaded by each metric, how many nodes have a measurement that counts, and the age of the
/// newest measurement; `None` where load protection is off.
pub fn load(summary: Option<LoadSummary>, now: Timestamp) {
    let Some(LoadSummary { measured, newest, overloaded }) = summary else { return };
    for (metric, count) in overloaded {
        gauge!(names::OVERLOADED_NODES, "metric" => metric.as_str()).set(number(count));
    }
    gauge!(names::MEASURED_NODES).set(number(measured));
    let age = newest.map_or(f64::INFINITY, |newest| now.duration_since(newest).as_secs_f64().max(0.0));
    gauge!(names::LOAD_AGE).set(age);
}

/// Sets whether the last read of the load file succeeded.
pub fn load_file_read(successful: bool) {
    gauge!(names::LOAD_FILE_READ).set(if successful { 1.0 } else { 0.0 });
}

/// Counts a question to a source of demand that got no usable answer.
pub fn demand_failure(source: &'static str, kind: &'static str) {
    counter!(names::DEMAND_FAILURES, "source" => source, "kind" => kind).increment(1);
}

/// Counts measurements of a source of demand that are not used.
pub fn demand_rejected(source: &'static str, reason: &'static str, count: usize) {
    counter!(names::DEMAND_REJECTED, "source" => source, "reason" => reason)
        .increment(u64::try_from(count).unwrap_or(u64::MAX));
}

/// Sets the age of the newest measurement of a source of demand; `None` before the first one.
pub fn demand_age(source: &'static str, newest: Option<Timestamp>, now: Timestamp) {
    let age = newest.map_or(f64::INFINITY, |newest| now.duration_since(newest).as_secs_f64().max(0.0));
    gauge!(names::DEMAND_AGE, "source" => source).set(age);
}

/// Sets whether demand started without a past.
pub fn demand_cold_start(is_cold: bool) {
    gauge!(names::DEMAND_COLD).set(if is_cold { 1.0 } else { 0.0 });
}

/// Sets whether the last write of the state of demand succeeded.
pub fn demand_state_written(successful: bool) {
    gauge!(names::DEMAND_WRITTEN).set(if successful { 1.0 } else { 0.0 });
}

/// Sets how much demand is kept, and how good its forecasts were since the start of the process.
pub fn demand_state(source: &'static str, accuracy: &DemandAccuracy, kept: DemandCounts) {
    let DemandCounts { jobs, pes, nodes } = kept;
    for (kind, count) in [("jobs", jobs), ("pes", pes), ("nodes", nodes)] {
        gauge!(names::DEMAND_KEPT, "kind" => kind).set(number(count));
    }
    for (of, resource, accuracy) in [
        ("jobs", "cpu", &accuracy.jobs.cpu),
        ("jobs", "memory", &accuracy.jobs.memory),
        ("others", "cpu", &accuracy.others.cpu),
        ("others", "memory", &accuracy.others.memory),
    ] {
        for (name, sum) in [
            (names::FORECAST_VALUES, accuracy.values),
            (names::FORECAST_WITHIN, accuracy.within_80),
            (names::FORECAST_ABOVE, accuracy.above_80),
            (names::FORECAST_MEASURED, whole(accuracy.value_sum)),
            (names::FORECAST_ERROR, whole(accuracy.error_sum)),
        ] {
            counter!(name, "source" => source, "of" => of, "resource" => resource).absolute(sum);
        }
    }
}

/// Counts the time of a step of nodes: of all that were measured, and of those that were overloaded.
pub fn observed_overload(resource: &'static str, measured: u32, overloaded: u32, step: SignedDuration) {
    let seconds = u64::try_from(step.as_secs()).unwrap_or(0);
    let time = |nodes: u32| seconds.saturating_mul(u64::from(nodes));
    counter!(names::OBSERVED_SECONDS, "resource" => resource).increment(time(measured));
    counter!(names::OVERLOAD_SECONDS, "resource" => resource).increment(time(overloaded));
}

/// Which certificate files of which listener: the labels of their metrics.
#[derive(Clone, Copy, Debug)]
pub struct CertificateLabels {
    /// The listener.
    pub listener: &'static str,
    /// `serving`: certificate and key; `client_ca`: the authorities of callers.
    pub kind: &'static str,
}

/// Sets when a certificate expires, in seconds since 1970.
pub fn certificate_expiry(labels: CertificateLabels, seconds: i64) {
    let CertificateLabels { listener, kind } = labels;
    let seconds = u32::try_from(seconds).map_or(0.0, f64::from);
    gauge!(names::CERTIFICATE_EXPIRY, "listener" => listener, "kind" => kind).set(seconds);
}

/// Sets whether the last read of certificate files succeeded.
pub fn certificate_read(labels: CertificateLabels, successful: bool) {
    let CertificateLabels { listener, kind } = labels;
    let value = if successful { 1.0 } else { 0.0 };
    gauge!(names::CERTIFICATE_RELOAD, "listener" => listener, "kind" => kind).set(value);
}

/// Counts a write of a controller, by the kind of what it wrote.
pub fn controller_write(kind: impl Into<Cow<'static, str>>, outcome: WriteOutcome) {
    counter!(names::CONTROLLER_WRITES, "kind" => kind.into(), "outcome" => outcome.as_str()).increment(1);
}

/// Sets whether this process holds the lease of the controllers.
pub fn lease(is_held: bool) {
    gauge!(names::LEASE_HELD).set(if is_held { 1.0 } else { 0.0 });
}

/// The whole part of a sum that is not negative.
fn whole(sum: f64) -> u64 {
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates"
    )]
    let whole = sum as u64;
    whole
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
#[path = "tests/record.rs"]
mod tests;
