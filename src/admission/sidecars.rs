//! The policy's native sidecars: init containers with `restartPolicy: Always`, which run as long as the pod.

use std::collections::BTreeSet;

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::patch::{PatchBuilder, Unpatchable};
use super::qos;
use super::quantity::{Kind, pod_level};

/// Adds each sidecar after the user's init containers. A container with the name of a sidecar replaces that sidecar.
pub(super) fn add(patch: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    let guaranteed = qos::pod_is_guaranteed(patch.pod());
    let pod_level: BTreeSet<String> = pod_level(patch.pod()).into_iter().map(ToOwned::to_owned).collect();
    for sidecar in &candidate.policy.sidecars {
        let name = &sidecar.name;
        if has_container(patch.pod(), name) {
            continue;
        }
        if let Some(volume) = missing_volume(patch.pod(), &sidecar.container) {
            // The API server rejects a pod that mounts an unknown volume.
            patch.warn(&format!("sidecar `{name}` was not added: the pod has no volume `{volume}`"));
            continue;
        }
        let mut container = sidecar.container.clone();
        share_the_pods_resources(patch, name, &mut container, &pod_level);
        if guaranteed && !qos::is_guaranteed(&container) {
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

/// Removes the sidecar's own requests and limits of the resources that the pod has pod-level: the API server rejects a pod
/// whose pod-level requests do not cover the sum of the requests of its containers.
fn share_the_pods_resources(
    patch: &mut PatchBuilder<'_>,
    name: &str,
    container: &mut Value,
    pod_level: &BTreeSet<String>,
) {
    let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) else { return };
    let mut shared = BTreeSet::new();
    for kind in [Kind::Request, Kind::Limit] {
        let Some(amounts) = resources.get_mut(kind.member()).and_then(Value::as_object_mut) else { continue };
        shared.extend(pod_level.iter().filter(|resource| amounts.remove(resource.as_str()).is_some()));
        if amounts.is_empty() {
            resources.remove(kind.member());
        }
    }
    if shared.is_empty() {
        return;
    }
    if resources.is_empty() {
        container.as_object_mut().and_then(|members| members.remove("resources"));
    }
    let shared: Vec<&str> = shared.into_iter().map(String::as_str).collect();
    patch.warn(&format!("spec.resources sets {}: sidecar `{name}` shares that of the pod", shared.join(", ")));
}

#[cfg(test)]
#[path = "tests/sidecars.rs"]
mod tests;
