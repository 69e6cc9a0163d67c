//! Parts of a pod that decide where kube-scheduler places it, and that a simulation leaves out.

use std::fmt;

use serde_json::Value;

/// A part of kube-scheduler that is not simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotSimulated {
    /// Volumes that may bind the pod to a node or zone and are unknown: disks of a provider, and claims that are missing, not
    /// bound, or bound to a volume that is missing.
    Volumes,
    /// How many volumes of a CSI driver a node takes.
    VolumeLimits,
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
            Self::VolumeLimits => "volume limits",
            Self::ResourceClaims => "resource claims (DRA)",
            Self::TopologySpread => "topology spread",
            Self::PodAffinity => "pod affinity",
            Self::PreferredNodeAffinity => "preferred node affinity",
        })
    }
}

/// What the input tells of the volumes behind the claims of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimedVolumes {
    /// A claim is missing or not bound, or the volume of a claim is missing.
    pub any_unknown: bool,
    /// A volume belongs to a CSI driver, of which a node takes so many volumes.
    pub any_limited: bool,
}

/// Kinds of volumes that can be used on every node, and those with a claim: see [`ClaimedVolumes`].
const ON_EVERY_NODE: [&str; 15] = [
    "cephfs",
    "configMap",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "flexVolume",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "name",
    "nfs",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// What a simulation leaves out of a stored pod, in the order of [`NotSimulated`]. A resource for which
/// `is_of_device_class` holds is a request for a device.
#[must_use]
pub fn not_simulated(
    pod: &Value,
    claimed: ClaimedVolumes,
    is_of_device_class: impl Fn(&str) -> bool,
) -> Vec<NotSimulated> {
    let spec = pod.get("spec").unwrap_or(&Value::Null);
    let list = |pointer: &str| spec.pointer(pointer).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let affinity = |kind: &str, strength: &str| {
        list(&format!("/affinity/{kind}/{strength}DuringSchedulingIgnoredDuringExecution"))
    };
    let of_pods = |kind: &str| affinity(kind, "required") || affinity(kind, "preferred");
    let found = [
        (NotSimulated::Volumes, claimed.any_unknown || has_disk(spec)),
        (NotSimulated::VolumeLimits, claimed.any_limited),
        (NotSimulated::ResourceClaims, list("/resourceClaims") || asks_for_device(spec, is_of_device_class)),
        (NotSimulated::TopologySpread, list("/topologySpreadConstraints")),
        (NotSimulated::PodAffinity, of_pods("podAffinity") || of_pods("podAntiAffinity")),
        (NotSimulated::PreferredNodeAffinity, affinity("nodeAffinity", "preferred")),
    ];
    found.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part).collect()
}

fn has_disk(spec: &Value) -> bool {
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
