//! Whether a pod gets the sidecars and resources of its policy.

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::operating_system::is_windows;
use crate::model::{WithheldReason, keys};

/// Why no sidecar is added to the pod; `None` if each sidecar decides for itself. [`WithheldReason::Declined`] withholds
/// resources too.
///
/// In a pod with `hostNetwork`, a sidecar listens on the addresses of the node, and each port that the sidecar declares
/// becomes a host port, so two such PEs do not fit on one node. The sidecar is added only if the pod asks for it.
pub(super) fn withheld(pod: &Value, candidate: &Candidate<'_>) -> Option<WithheldReason> {
    let uses_host_network = || json::get(pod, &["spec", "hostNetwork"]) == Some(&Value::Bool(true));
    match candidate.value(keys::INJECT) {
        Some("false") => Some(WithheldReason::Declined),
        _ if candidate.policy.sidecars.is_empty() => None,
        _ if is_windows(pod) => Some(WithheldReason::WindowsPod),
        Some("true") => None,
        _ if uses_host_network() => Some(WithheldReason::HostNetwork),
        _ => None,
    }
}

/// The warning for a pod that gets no sidecar for this reason; `None` if the user needs none.
pub(super) fn warning(reason: WithheldReason) -> Option<&'static str> {
    if reason == WithheldReason::HostNetwork {
        Some("spec.hostNetwork: no sidecar was added; outrigger.dev/inject: \"true\" asks for it")
    } else if reason == WithheldReason::WindowsPod {
        Some("the pod is for Windows: no sidecar was added, as sidecars are for Linux")
    } else {
        None
    }
}
