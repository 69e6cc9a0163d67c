//! Tolerations that the API server adds: those of the admission plugin `DefaultTolerationSeconds`, and those of a runtime
//! class.

use serde_json::{Value, json};

use super::json::spec_mut;

/// How long a pod stays on a node that is lost, in seconds, where the pod does not say.
const SECONDS: u64 = 300;

/// Taints of nodes that are lost.
const LOST: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Tolerates lost nodes for a while, unless the pod says for how long.
pub(super) fn tolerate_lost_nodes(pod: &mut Value) {
    let Some(spec) = spec_mut(pod) else { return };
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    let Some(tolerations) = tolerations.as_array_mut() else { return };
    // Both are looked for before one is added: an added toleration has a key and does not count for the other.
    for key in LOST {
        let tolerates = |toleration: &Value| {
            let is = |member: &str, wanted: &str| {
                let own = toleration.get(member).and_then(Value::as_str).unwrap_or_default();
                own.is_empty() || own == wanted
            };
            is("key", key) && is("effect", "NoExecute")
        };
        if !tolerations.iter().any(tolerates) {
            let added = json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS});
            tolerations.push(added);
        }
    }
}

/// Adds tolerations that the pod does not have. Kubernetes leaves out what another toleration covers, which changes no
/// placement.
pub(super) fn add(pod: &mut Value, more: Vec<Value>) {
    let Some(spec) = spec_mut(pod).filter(|_| !more.is_empty()) else { return };
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    if let Some(tolerations) = tolerations.as_array_mut() {
        for toleration in more {
            if !tolerations.contains(&toleration) {
                tolerations.push(toleration);
            }
        }
    }
}
