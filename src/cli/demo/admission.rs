//! The admission phase of the fake API server: it asks the webhook and applies the answer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::Client;
use crate::cli::CommandError;

/// `timeoutSeconds` of the registrations in `deploy/webhook`.
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// A pod that passed admission.
#[derive(Debug)]
pub(super) struct Admitted {
    /// The pod as it is stored.
    pub(super) pod: Value,
    /// The number of operations in the patch.
    pub(super) operations: usize,
    /// The warnings for the user.
    pub(super) warnings: Vec<String>,
}

/// The result of admission.
#[derive(Debug)]
pub(super) enum AdmissionResult {
    /// The pod may be created.
    Admitted(Box<Admitted>),
    /// A webhook denied it, with this message.
    Denied(String),
}

/// Calls the mutating webhook and applies its patch. The validating webhook is for strict namespaces, of which the demo
/// has none.
///
/// A call that fails, or a patch that does not apply, ends the demo: `failurePolicy: Ignore` would hide a defect here.
pub(super) async fn admit(
    client: &Client,
    webhook: &str,
    pod: &Value,
    number: usize,
) -> Result<AdmissionResult, CommandError> {
    let address = format!("{webhook}/mutate");
    let reviewed = review(client, &address, pod, number).await?;
    if let Some(message) = reviewed.denied {
        return Ok(AdmissionResult::Denied(message));
    }
    let mut admitted = pod.clone();
    let operations = reviewed.patch.as_ref().map_or(0, |patch| patch.0.len());
    if let Some(patch) = &reviewed.patch {
        json_patch::patch(&mut admitted, patch)
            .map_err(|error| CommandError::failed(format!("{address}: the patch does not apply: {error}")))?;
    }
    let warnings = reviewed.warnings;
    Ok(AdmissionResult::Admitted(Box::new(Admitted { pod: admitted, operations, warnings })))
}

#[derive(Default)]
struct ReviewAnswer {
    denied: Option<String>,
    patch: Option<json_patch::Patch>,
    warnings: Vec<String>,
}

async fn review(client: &Client, address: &str, pod: &Value, number: usize) -> Result<ReviewAnswer, CommandError> {
    let uid = format!("00000000-0000-4000-8000-{:012x}", 0x00ad_0000_0000_u64 + u64::try_from(number).unwrap_or(0));
    let answer = client.post(address, &question(pod, &uid), TIME_LIMIT).await?;
    read(&answer, &uid).map_err(|problem| CommandError::failed(format!("{address}: {problem}")))
}

/// An `AdmissionReview` of creating a pod, with every field that the API server fills in.
fn question(pod: &Value, uid: &str) -> Value {
    let metadata = |key: &str| pod.get("metadata").and_then(|metadata| metadata.get(key)).cloned();
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    let resource = json!({"group": "", "version": "v1", "resource": "pods"});
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": uid,
            "kind": kind,
            "resource": resource,
            "requestKind": kind,
            "requestResource": resource,
            "name": metadata("name").unwrap_or_default(),
            "namespace": metadata("namespace").unwrap_or_default(),
            "operation": "CREATE",
            "userInfo": {"username": "demo", "groups": ["system:authenticated"]},
            "object": pod,
            "oldObject": null,
            "dryRun": false,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
        },
    })
}

/// Reads an answer as strictly as the API server does.
fn read(answer: &Value, uid: &str) -> Result<ReviewAnswer, String> {
    if answer.get("apiVersion") != Some(&json!("admission.k8s.io/v1"))
        || answer.get("kind") != Some(&json!("AdmissionReview"))
    {
        return Err("the answer is no AdmissionReview of admission.k8s.io/v1".to_owned());
    }
    let response = answer.get("response").ok_or("the answer has no response")?;
    if response.get("uid").and_then(Value::as_str) != Some(uid) {
        return Err("the answer is to another review".to_owned());
    }
    let warnings = response.get("warnings").and_then(Value::as_array).into_iter().flatten();
    let warnings = warnings.filter_map(|warning| Some(warning.as_str()?.to_owned())).collect();
    if response.get("allowed") != Some(&Value::Bool(true)) {
        let message = response.pointer("/status/message").and_then(Value::as_str).unwrap_or("without a message");
        return Ok(ReviewAnswer { denied: Some(message.to_owned()), warnings, ..ReviewAnswer::default() });
    }
    let patch = match (response.get("patchType").and_then(Value::as_str), response.get("patch")) {
        (None, None) => None,
        (Some("JSONPatch"), Some(Value::String(encoded))) => {
            let decoded = STANDARD.decode(encoded).map_err(|error| format!("patch is no base64: {error}"))?;
            let patch = serde_json::from_slice(&decoded).map_err(|error| format!("patch is no JSON Patch: {error}"))?;
            Some(patch)
        }
        _ => return Err("patchType and patch must come together, as JSONPatch and text".to_owned()),
    };
    Ok(ReviewAnswer { denied: None, patch, warnings })
}

#[cfg(test)]
#[path = "tests/admission.rs"]
mod tests;
