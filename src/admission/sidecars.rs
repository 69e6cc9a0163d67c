//! The policy's native sidecars: init containers with `restartPolicy: Always`, which run as long as the pod.

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::patch::{PatchBuilder, Unpatchable};
use super::qos;
use super::quantity::has_pod_level;
use super::sidecar_demands;

/// Adds each sidecar after the user's init containers. A container with the name of a sidecar replaces that sidecar.
pub(super) fn add(patch: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    let guaranteed = qos::pod_is_guaranteed(patch.pod());
    let pod_level = has_pod_level(patch.pod());
    for sidecar in &candidate.policy.sidecars {
        let name = &sidecar.name;
        if has_container(patch.pod(), name) {
            continue;
        }
        if let Some(problem) = &sidecar.rejection {
            patch.warn(&format!("sidecar `{name}` was not added: the API server rejects it: {problem}"));
            continue;
        }
        if let Some(volume) = missing_volume(patch.pod(), &sidecar.container) {
            // The API server rejects a pod that mounts an unknown volume.
            patch.warn(&format!("sidecar `{name}` was not added: the pod has no volume `{volume}`"));
            continue;
        }
        if let Some(problem) = sidecar_demands::unmet(patch.pod(), &sidecar.container) {
            patch.warn(&format!("sidecar `{name}` was not added: {problem}"));
            continue;
        }
        let mut container = sidecar.container.clone();
        if pod_level {
            share_the_pods_resources(patch, name, &mut container);
        } else if guaranteed && !qos::is_guaranteed(&container) {
            patch.warn(&format!("sidecar `{name}` without equal requests and limits: the pod is no longer Guaranteed"));
        }
        patch.append(&["spec", "initContainers"], container)?;
    }
    Ok(())
}

fn has_container(pod: &Value, name: &str) -> bool {
    ["containers", "initContainers"]
        .into_iter()
        .any(|list| json::names(pod, &["spec", list]).any(|known| known == name))
}

/// The first volume that the sidecar mounts and the pod does not have.
fn missing_volume<'v>(pod: &Value, sidecar: &'v Value) -> Option<&'v str> {
    let mounted = json::names(sidecar, &["volumeMounts"]).chain(json::names(sidecar, &["volumeDevices"]));
    let has = |name: &str| json::names(pod, &["spec", "volumes"]).any(|known| known == name);
    mounted.into_iter().find(|name| !has(name))
}

/// Removes the sidecar's own resources: the API server rejects a pod whose pod-level requests do not cover the sum of the
/// requests of its containers.
fn share_the_pods_resources(patch: &mut PatchBuilder<'_>, name: &str, container: &mut Value) {
    let own = container.as_object_mut().and_then(|members| members.remove("resources"));
    if own.is_some() {
        patch.warn(&format!("spec.resources is set: sidecar `{name}` shares them and has none of its own"));
    }
}

#[cfg(test)]
#[path = "tests/sidecars.rs"]
mod tests;
