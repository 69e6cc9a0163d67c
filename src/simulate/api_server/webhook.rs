//! Outrigger's own webhook among the steps of the API server.

use serde_json::Value;

use super::json::{spec_mut, text};
use crate::admission::{Context, decide};
use crate::model::Namespace;

/// Removes the scheduler's name and the scheduling gates.
pub(super) fn remove_scheduling(pod: &mut Value) {
    if let Some(spec) = spec_mut(pod) {
        spec.remove("schedulerName");
        spec.remove("schedulingGates");
    }
}

/// Patches a pod as the webhook would, so that injected sidecars and requests count in placement. A pod that the webhook
/// would deny is returned unchanged: placement rejects the pod for the same reason.
pub(super) fn admit(pod: Value, context: Context<'_>) -> Value {
    let decision = decide(&pod, &Namespace::from(text(&pod, "/metadata/namespace")), context);
    // Admission has already proven that the patch applies.
    let mut patched = pod.clone();
    if json_patch::patch(&mut patched, decision.patch()).is_ok() { patched } else { pod }
}
