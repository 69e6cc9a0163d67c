//! The pods that a controller has and creates.

use serde_json::Value;

/// The pods that a controller creates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreatedPods {
    /// The pods in the order in which they are created.
    pub pods: Vec<Value>,
    /// True where the controller creates a pod only once the pod before runs (`podManagementPolicy: OrderedReady`).
    pub one_by_one: bool,
    /// Why a controller creates no pod, where that may surprise.
    pub note: Option<&'static str>,
}

/// The number of pods that have neither ended nor are being deleted.
pub(super) fn count(pods: &[&Value]) -> u64 {
    let active = pods.iter().filter(|pod| is_active(pod)).count();
    u64::try_from(active).unwrap_or(u64::MAX)
}

/// True for a pod that has neither ended nor is being deleted.
pub(super) fn is_active(pod: &Value) -> bool {
    let phase = pod.pointer("/status/phase").and_then(Value::as_str);
    !matches!(phase, Some("Succeeded" | "Failed")) && pod.pointer("/metadata/deletionTimestamp").is_none()
}
