//! The scheduler of a PE.

use serde_json::Value;

use super::json;
use super::patch::{PatchBuilder, Unpatchable};
use crate::policy::StreamPolicy;

/// The scheduler that the API server sets if the user names none.
const DEFAULT: &str = "default-scheduler";

/// True if the user chose a scheduler that is neither the default scheduler nor the policy's.
pub(super) fn is_foreign(pod: &Value, policy: &StreamPolicy) -> bool {
    json::text(pod, &["spec", "schedulerName"]).is_some_and(|name| name != DEFAULT && *name != *policy.scheduler_name)
}

/// Sets the policy's scheduler.
pub(super) fn assign(patch: &mut PatchBuilder<'_>, policy: &StreamPolicy) -> Result<(), Unpatchable> {
    patch.set(&["spec", "schedulerName"], Value::from(&*policy.scheduler_name))
}
