//! Whether a pod gets the sidecars and resources of its policy.

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::skip_reason::SkipReason;
use crate::model::keys;

/// The warning for a pod whose sidecars are withheld for [`SkipReason::HostNetwork`].
pub(super) const NO_SIDECAR_ON_HOST_NETWORK: &str =
    "spec.hostNetwork: no sidecar was added; outrigger.dev/inject: \"true\" asks for it";

/// Why sidecars are withheld from the pod; `None` if the pod gets everything. [`SkipReason::Declined`] withholds
/// resources too.
///
/// In a pod with `hostNetwork`, a sidecar listens on the addresses of the node, and each port that the sidecar declares
/// becomes a host port, so two such PEs do not fit on one node. The sidecar is added only if the pod asks for it.
pub(super) fn withheld(pod: &Value, candidate: &Candidate<'_>) -> Option<SkipReason> {
    let uses_host_network = json::get(pod, &["spec", "hostNetwork"]) == Some(&Value::Bool(true));
    match candidate.value(keys::INJECT) {
        Some("false") => Some(SkipReason::Declined),
        Some("true") => None,
        _ if uses_host_network && !candidate.policy.sidecars.is_empty() => Some(SkipReason::HostNetwork),
        _ => None,
    }
}
