//! From a decision to the bytes of an `AdmissionReview`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::decide::Decision;
use super::outcome::Outcome;
use super::{Answer, Subject};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(flatten)]
    patch: Option<Patch>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// Both or neither: one without the other is a failed call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Patch {
    patch_type: &'static str,
    patch: String,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    reason: &'static str,
    message: &'a str,
}

/// The answer to the review of `subject`.
pub(super) fn answer(subject: Subject, decision: Decision) -> Answer {
    let Decision { outcome, patch, warnings } = decision;
    let status = match &outcome {
        Outcome::Denied { message, .. } => Some(Status { code: 403, reason: "InvalidPlacement", message }),
        Outcome::Injected { .. } | Outcome::Unchanged { .. } | Outcome::Skipped { .. } => None,
    };
    let patch = (!patch.is_empty()).then(|| Patch {
        patch_type: "JSONPatch",
        // Operations are plain JSON values and always serialize.
        patch: STANDARD.encode(serde_json::to_vec(&patch).unwrap_or_default()),
    });
    let response = Response {
        uid: &subject.uid,
        allowed: status.is_none(),
        status,
        patch,
        audit_annotations: audit(&outcome),
        warnings: &warnings,
    };
    let review = Review { api_version: "admission.k8s.io/v1", kind: "AdmissionReview", response };
    // Strings, numbers and booleans under string keys: cannot fail.
    let body = serde_json::to_vec(&review).unwrap_or_default();
    Answer { body, outcome, warnings, subject }
}

/// What the audit log keeps of a pod that a policy governs.
fn audit(outcome: &Outcome) -> BTreeMap<&'static str, &str> {
    let mut annotations = BTreeMap::new();
    if let Some(policy) = outcome.policy() {
        annotations.insert("policy", policy);
        annotations.insert("outcome", outcome.as_str());
        if let Some(reason) = outcome.skip_reason() {
            annotations.insert("reason", reason.as_str());
        }
    }
    annotations
}
