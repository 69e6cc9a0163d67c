//! Admits pods of a simulation.

use serde_json::Value;

use crate::admission::{Context, decide};
use crate::model::Namespace;

/// Patches a pod as the webhook would, so that injected sidecars and requests count in placement.
///
/// The scheduler's name and the scheduling gates are removed first, so that every PE is simulated as a pod of Outrigger
/// without gates. A pod that the webhook would deny is returned unchanged: placement rejects the pod for the same reason.
#[must_use]
pub fn admitted(mut pod: Value, context: Context<'_>) -> Value {
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("schedulerName");
        spec.remove("schedulingGates");
    }
    let namespace = pod.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
    let decision = decide(&pod, &Namespace::from(namespace), context);
    // Admission has already proven that the patch applies.
    let mut patched = pod.clone();
    if json_patch::patch(&mut patched, decision.patch()).is_ok() { patched } else { pod }
}
