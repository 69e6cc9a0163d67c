//! Whether a pod gets what its policy injects.

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::outcome::SkipReason;
use crate::model::keys;

/// What the user of such a pod is told.
pub(super) const NOT_ON_THE_NODES_NETWORK: &str =
    "spec.hostNetwork: no sidecar was added; outrigger.dev/inject: \"true\" asks for it";

/// Why sidecars are withheld from the pod; where the user declined, resources too. `None`: it gets everything.
///
/// A sidecar on the node's network would listen on the node's addresses, and Kubernetes would turn each port that it
/// declares into a port of the node, so that no two PEs fit on one. Nobody who asks for the node's network expects
/// that: it is given only to those who ask for it too.
pub(super) fn withheld(pod: &Value, candidate: &Candidate<'_>) -> Option<SkipReason> {
    let on_the_nodes_network = json::get(pod, &["spec", "hostNetwork"]) == Some(&Value::Bool(true));
    match candidate.value(keys::INJECT) {
        Some("false") => Some(SkipReason::Declined),
        Some("true") => None,
        _ if on_the_nodes_network && !candidate.policy.sidecars.is_empty() => Some(SkipReason::HostNetwork),
        _ => None,
    }
}
