//! What admission makes of a pod before it is placed.

use serde_json::Value;

use crate::admission::{Context, decide};
use crate::model::Namespace;

/// The pod as it would be stored: what its policy injects counts where it is placed.
///
/// The scheduler's name and gates are taken away first: every PE is simulated as if it came to Outrigger, ungated.
/// A pod that would be denied stays as it is; placement refuses it with the same reason.
#[must_use]
pub fn admitted(mut pod: Value, context: Context<'_>) -> Value {
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("schedulerName");
        spec.remove("schedulingGates");
    }
    let namespace = pod.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
    let decision = decide(&pod, &Namespace::from(namespace), context);
    // The patch was applied once, to be proven, before it came here.
    let mut patched = pod.clone();
    if json_patch::patch(&mut patched, decision.patch()).is_ok() { patched } else { pod }
}
