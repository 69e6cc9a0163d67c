//! Admission: what a pod is given before it exists, so that it can be placed and watched as a PE.
//!
//! ```text
//! bytes ─► decode ─► one look at the labels ─► no policy: allowed untouched
//!                              │
//!                              ▼
//!              decide: skip? deny? else, over the raw JSON, one rule a file
//!              identity · sidecars · job_share · sizing · scheduler · native · affinity · node_name · tolerations
//!                              │
//!                              ▼
//!              patch: applied to the raw object and decided again before it is sent ─► encode ─► bytes
//! ```
//!
//! A patch is built by hand and never diffed from typed objects, so that fields we do not know stay as they are (D10).
//! Whatever goes wrong in here leaves the pod as it was, with a warning and an [`Outcome`] that can be counted; only
//! bytes that are no `AdmissionReview` at all are an error, and only a policy with `onConflict: Deny` denies (law 2).

mod affinity;
mod candidate;
mod conflicts;
mod decide;
mod decode;
mod encode;
mod error;
mod identity;
mod injection;
mod job_share;
mod json;
mod limit_ranger;
mod native;
mod node_name;
mod outcome;
mod patch;
mod qos;
mod quantity;
mod scheduler;
mod sidecars;
mod sizing;
mod stream_job;
mod text;
mod tolerations;
mod validate;
mod warnings;

use serde_json::Value;

use crate::model::{Declarations, Namespace, Pools};
use crate::policy::PolicySet;

pub use decide::{Decision, decide};
pub use error::DecodeError;
pub use outcome::{Outcome, SkipReason};
pub use validate::check;

/// What a review is decided by, besides the pod itself.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The policies: which pods are PEs, and what they get.
    pub policies: &'a PolicySet,
    /// The host pools, whose tags become node affinity (D2).
    pub pools: &'a Pools,
    /// What objects declare of jobs and PEs: it wins over what their pods say.
    pub declared: &'a Declarations,
}

/// The answer to a review, and what to count and log of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The whole response, to be sent with status 200.
    pub body: Vec<u8>,
    /// What was decided, with labels that are bounded.
    pub outcome: Outcome,
    /// What the user is told.
    pub warnings: Vec<String>,
    /// Whom it concerns: for logs, never for metrics.
    pub subject: Subject,
}

/// The pod of a review, as far as it can be named before it exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The UID of the review, not of the pod.
    pub uid: String,
    /// The namespace, which the object itself may leave empty.
    pub namespace: String,
    /// The name, or the prefix from which the API server will make one.
    pub name: String,
}

/// Answers a mutating review: a governed pod is prepared, everything else is allowed untouched.
///
/// # Errors
/// [`DecodeError`] when the body is no review that can be answered: the shell says 400.
pub fn mutate(body: &[u8], context: Context<'_>) -> Result<Answer, DecodeError> {
    review(body, context, decide)
}

/// Answers a validating review: warns of, or denies, a PE that contradicts itself, and warns of one that [`mutate`]
/// never saw. Everything else is allowed.
///
/// # Errors
/// [`DecodeError`] when the body is no review that can be answered: the shell says 400.
pub fn validate(body: &[u8], context: Context<'_>) -> Result<Answer, DecodeError> {
    review(body, context, check)
}

/// Answers a validating review of a `StreamJob`: one whose PEs contradict each other is refused, everything else is
/// allowed.
///
/// # Errors
/// [`DecodeError`] when the body is no review that can be answered: the shell says 400.
pub fn validate_stream_job(body: &[u8], context: Context<'_>) -> Result<Answer, DecodeError> {
    let request = decode::review(body)?;
    let decision = match request.stream_job {
        None => Decision::skipped(SkipReason::NotAStreamJobWrite, None),
        Some((object, _)) if decode::is_too_large(object) || decode::has_too_many_values(object) => {
            Decision::skipped(SkipReason::TooLarge, None)
        }
        Some((object, before)) => stream_job::check(object, before, context.policies),
    };
    Ok(encode::answer(request.subject, decision))
}

type Judge = fn(&Value, &Namespace, Context<'_>) -> Decision;

fn review(body: &[u8], context: Context<'_>, judge: Judge) -> Result<Answer, DecodeError> {
    let request = decode::review(body)?;
    let Some(object) = request.pod else {
        return Ok(encode::answer(request.subject, Decision::skipped(SkipReason::NotAPodCreate, None)));
    };
    if decode::is_too_large(object) {
        return Ok(encode::answer(request.subject, Decision::too_large()));
    }
    let glance = decode::glance(object)?;
    let subject = glance.complete(request.subject);
    if context.policies.governing(&subject.namespace, &glance.labels).is_none() {
        return Ok(encode::answer(subject, Decision::skipped(SkipReason::NoPolicy, None)));
    }
    if decode::has_too_many_values(object) {
        return Ok(encode::answer(subject, Decision::too_large()));
    }
    let pod = decode::pod(object)?;
    let decision = judge(&pod, &Namespace::from(&subject.namespace), context);
    Ok(encode::answer(subject, decision))
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
