//! Parts of a pod that decide where kube-scheduler places it, and that a simulation leaves out.

use std::fmt;

use serde_json::Value;

/// A part of kube-scheduler that is not simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotSimulated {
    /// Volumes that may bind the pod to a node or zone: claims, and disks of a provider.
    Volumes,
    /// Devices of dynamic resource allocation.
    ResourceClaims,
    /// `topologySpreadConstraints`.
    TopologySpread,
    /// Pod affinity and anti-affinity.
    PodAffinity,
    /// Preferred node affinity.
    PreferredNodeAffinity,
}

impl fmt::Display for NotSimulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Volumes => "volumes",
            Self::ResourceClaims => "resource claims (DRA)",
            Self::TopologySpread => "topology spread",
            Self::PodAffinity => "pod affinity",
            Self::PreferredNodeAffinity => "preferred node affinity",
        })
    }
}

/// Kinds of volumes that can be used on every node.
const ON_EVERY_NODE: [&str; 13] = [
    "cephfs",
    "configMap",
    "downwardAPI",
    "emptyDir",
    "flexVolume",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "name",
    "nfs",
    "projected",
    "secret",
];

/// What a simulation leaves out of a stored pod, in the order of [`NotSimulated`]. A resource for which
/// `is_of_device_class` holds is a request for a device.
#[must_use]
pub fn not_simulated(pod: &Value, is_of_device_class: impl Fn(&str) -> bool) -> Vec<NotSimulated> {
    let spec = pod.get("spec").unwrap_or(&Value::Null);
    let list = |pointer: &str| spec.pointer(pointer).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let affinity = |kind: &str, strength: &str| {
        list(&format!("/affinity/{kind}/{strength}DuringSchedulingIgnoredDuringExecution"))
    };
    let of_pods = |kind: &str| affinity(kind, "required") || affinity(kind, "preferred");
    let found = [
        (NotSimulated::Volumes, has_bound_volume(spec)),
        (NotSimulated::ResourceClaims, list("/resourceClaims") || asks_for_device(spec, is_of_device_class)),
        (NotSimulated::TopologySpread, list("/topologySpreadConstraints")),
        (NotSimulated::PodAffinity, of_pods("podAffinity") || of_pods("podAntiAffinity")),
        (NotSimulated::PreferredNodeAffinity, affinity("nodeAffinity", "preferred")),
    ];
    found.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part).collect()
}

fn has_bound_volume(spec: &Value) -> bool {
    let volumes = spec.get("volumes").and_then(Value::as_array);
    let kinds = volumes.into_iter().flatten().filter_map(Value::as_object).flat_map(|volume| volume.keys());
    kinds.into_iter().any(|kind| !ON_EVERY_NODE.contains(&kind.as_str()))
}

fn asks_for_device(spec: &Value, is_of_device_class: impl Fn(&str) -> bool) -> bool {
    let containers = ["containers", "initContainers"].into_iter().filter_map(|list| spec.get(list)?.as_array());
    let requests = containers.flatten().filter_map(|container| container.pointer("/resources/requests")?.as_object());
    requests.flat_map(|requests| requests.keys()).any(|name| is_of_device_class(name))
}

#[cfg(test)]
#[path = "tests/not_simulated.rs"]
mod tests;
