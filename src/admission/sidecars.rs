//! The policy's native sidecars: init containers that go on running (D9).

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::patch::{PatchBuilder, Unpatchable};
use super::qos;
use super::quantity::has_pod_level;

/// Adds each sidecar behind the user's init containers. A container of the same name is the user's answer to it.
pub(super) fn add(draft: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    let guaranteed = qos::pod_is_guaranteed(draft.pod());
    let pod_level = has_pod_level(draft.pod());
    for sidecar in &candidate.policy.sidecars {
        let name = &sidecar.name;
        if has_container(draft.pod(), name) {
            continue;
        }
        if let Some(volume) = missing_volume(draft.pod(), &sidecar.container) {
            // The API server would refuse the whole pod (law 2).
            draft.warn(&format!("sidecar `{name}` was not added: the pod has no volume `{volume}`"));
            continue;
        }
        let mut container = sidecar.container.clone();
        if pod_level {
            share_the_pods_resources(draft, name, &mut container);
        } else if guaranteed && !qos::is_guaranteed(&container) {
            draft.warn(&format!("sidecar `{name}` without equal requests and limits: the pod is no longer Guaranteed"));
        }
        draft.append(&["spec", "initContainers"], container)?;
    }
    Ok(())
}

fn has_container(pod: &Value, name: &str) -> bool {
    ["containers", "initContainers"]
        .into_iter()
        .any(|list| json::names(pod, &["spec", list]).any(|known| known == name))
}

/// A volume that the sidecar mounts and the pod does not have.
fn missing_volume<'v>(pod: &Value, sidecar: &'v Value) -> Option<&'v str> {
    let mounted = json::names(sidecar, &["volumeMounts"]).chain(json::names(sidecar, &["volumeDevices"]));
    let has = |name: &str| json::names(pod, &["spec", "volumes"]).any(|known| known == name);
    mounted.into_iter().find(|name| !has(name))
}

/// Pod-level resources must cover the sum of the containers' requests: with some of its own, the sidecar could break that.
fn share_the_pods_resources(draft: &mut PatchBuilder<'_>, name: &str, container: &mut Value) {
    let own = container.as_object_mut().and_then(|members| members.remove("resources"));
    if own.is_some() {
        draft.warn(&format!("spec.resources is set: sidecar `{name}` shares them and has none of its own"));
    }
}

#[cfg(test)]
#[path = "tests/sidecars.rs"]
mod tests;
