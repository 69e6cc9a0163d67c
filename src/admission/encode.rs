//! From a decision to the bytes of an `AdmissionReview`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::answer::{Answer, Occasion, ReviewedObject};
use super::decision::Decision;
use crate::model::WithheldSidecar;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseEnvelope<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: AdmissionResponse<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionResponse<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(flatten)]
    patch: Option<EncodedPatch>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// The API server fails the call if one of the two is missing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EncodedPatch {
    patch_type: &'static str,
    patch: String,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    reason: &'static str,
    message: &'a str,
}

/// Encodes the decision about `object`.
pub(super) fn answer(object: ReviewedObject, occasion: Occasion, decision: Decision) -> Answer {
    let status = match &decision {
        Decision::Deny { reason, message, .. } => Some(Status { code: 403, reason: reason.as_str(), message }),
        Decision::Allow { .. } | Decision::Skip { .. } => None,
    };
    let operations = decision.patch();
    let patch = (!operations.is_empty()).then(|| EncodedPatch {
        patch_type: "JSONPatch",
        // Operations hold JSON values only and always serialize.
        patch: STANDARD.encode(serde_json::to_vec(operations).unwrap_or_default()),
    });
    let response = AdmissionResponse {
        uid: &object.review_uid,
        allowed: status.is_none(),
        status,
        patch,
        audit_annotations: audit_annotations(&decision),
        warnings: decision.warnings(),
    };
    let envelope = ResponseEnvelope { api_version: "admission.k8s.io/v1", kind: "AdmissionReview", response };
    // Strings, numbers and booleans under string keys always serialize.
    let body = serde_json::to_vec(&envelope).unwrap_or_default();
    Answer { body, decision, object, occasion }
}

/// The annotations for the audit log; none if no policy governs the object.
fn audit_annotations(decision: &Decision) -> BTreeMap<&'static str, Cow<'_, str>> {
    let mut annotations = BTreeMap::new();
    if let Some(policy) = decision.policy() {
        annotations.insert("policy", Cow::Borrowed(policy));
        annotations.insert("outcome", Cow::Borrowed(decision.outcome().as_str()));
        if let Some(reason) = decision.skip_reason() {
            annotations.insert("reason", Cow::Borrowed(reason.as_str()));
        }
        if !decision.withheld().is_empty() {
            annotations.insert("withheld", Cow::Owned(WithheldSidecar::annotation(decision.withheld())));
        }
    }
    annotations
}
