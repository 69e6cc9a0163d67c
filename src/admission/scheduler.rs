//! The scheduler that a PE is handed to.

use serde_json::Value;

use super::json;
use super::patch::{PatchBuilder, Unpatchable};
use crate::policy::StreamPolicy;

/// What the API server fills in where the user names no scheduler.
const DEFAULT: &str = "default-scheduler";

/// True when the user chose a scheduler that is neither the default one nor the policy's.
pub(super) fn is_foreign(pod: &Value, policy: &StreamPolicy) -> bool {
    json::text(pod, &["spec", "schedulerName"]).is_some_and(|name| name != DEFAULT && *name != *policy.scheduler_name)
}

/// Hands the PE to the policy's scheduler.
pub(super) fn assign(draft: &mut PatchBuilder<'_>, policy: &StreamPolicy) -> Result<(), Unpatchable> {
    draft.set(&["spec", "schedulerName"], Value::from(&*policy.scheduler_name))
}
