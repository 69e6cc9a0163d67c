//! One `AdmissionReview`: from the bytes of the request to the bytes of the answer.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::answer::{Answer, Occasion};
use super::candidate::{Governed, was_prepared};
use super::context::Context;
use super::decision::Decision;
use super::error::DecodeError;
use super::skip_reason::SkipReason;
use super::validate::{check, not_prepared};
use super::{decide, decode, encode, raw_pod, size_limit, stream_job};
use crate::model::Namespace;

/// Answers a mutating review: a pod that a policy governs is prepared, every other object is allowed unchanged.
///
/// # Errors
/// [`DecodeError`] if the body is no review that can be answered. The HTTP server answers with status 400.
pub fn mutate(body: &[u8], context: Context<'_>) -> Result<Answer, DecodeError> {
    let prepare =
        |pod, governed: Governed<'_>, context: Context<'_>| decide::prepare(Cow::Owned(pod), governed, context);
    review_pod(body, context, prepare, |_| Decision::too_large())
}

/// Answers a validating review of a pod of a strict namespace, as all mutating webhooks have left the pod: a PE that is
/// not as [`mutate`] prepares it is denied. Every other object is allowed.
///
/// # Errors
/// [`DecodeError`] if the body is no review that can be answered. The HTTP server answers with status 400.
pub fn validate(body: &[u8], context: Context<'_>) -> Result<Answer, DecodeError> {
    let check = |pod: Value, governed: Governed<'_>, context: Context<'_>| check(&pod, governed, context);
    review_pod(body, context, check, |policy| not_prepared(policy, "the pod has too many values to be read"))
}

/// Answers a validating review of a `StreamJob`: a job whose PEs contradict each other is denied, every other object
/// is allowed.
///
/// # Errors
/// [`DecodeError`] if the body is no review that can be answered. The HTTP server answers with status 400.
pub fn validate_stream_job(body: &[u8], context: Context<'_>) -> Result<Answer, DecodeError> {
    let request = decode::request(body)?;
    let occasion = if request.is_dry_run { Occasion::DryRun } else { Occasion::First };
    let decision = match request.stream_job {
        None => Decision::skip(SkipReason::NotAStreamJobWrite, None),
        Some(write) if size_limit::is_too_large(write.object) || size_limit::takes_too_much_memory(write.object) => {
            Decision::skip(SkipReason::TooLarge, None)
        }
        Some(write) => stream_job::check(write, context.policies),
    };
    Ok(encode::answer(request.object, occasion, decision))
}

/// Reads the pod no further than the decision needs: most pods of a cluster are of no policy and cost two scans.
fn review_pod(
    body: &[u8],
    context: Context<'_>,
    decide: impl FnOnce(Value, Governed<'_>, Context<'_>) -> Decision,
    too_large: impl FnOnce(&Arc<str>) -> Decision,
) -> Result<Answer, DecodeError> {
    let request = decode::request(body)?;
    let mut occasion = if request.is_dry_run { Occasion::DryRun } else { Occasion::First };
    let Some(raw) = request.pod else {
        return Ok(encode::answer(request.object, occasion, Decision::skip(SkipReason::NotAPodCreate, None)));
    };
    if size_limit::is_too_large(raw) {
        return Ok(encode::answer(request.object, occasion, Decision::too_large()));
    }
    let meta = decode::pod_meta(raw)?;
    let object = meta.complete(request.object);
    let namespace = Namespace::from(&object.namespace);
    let decision = match Governed::select(&namespace, meta.labels, context.policies) {
        None => Decision::skip(SkipReason::NoPolicy, None),
        Some(governed) if size_limit::takes_too_much_memory(raw) => too_large(&governed.policy.name),
        Some(governed) => {
            let pod = raw_pod::parse(raw)?;
            if occasion == Occasion::First && was_prepared(&pod, governed.policy) {
                occasion = Occasion::Repeated;
            }
            decide(pod, governed, context)
        }
    };
    Ok(encode::answer(object, occasion, decision))
}
