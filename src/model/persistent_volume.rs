//! Persistent volumes, claims to them, and the nodes that a volume can be used on.

use std::sync::Arc;

use super::{NodeRequirement, ObjectId, PodUid};

/// A `PersistentVolume`: what kube-scheduler's plugins `VolumeBinding` and `VolumeZone` read of a bound volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersistentVolume {
    /// The name.
    pub name: Arc<str>,
    /// The nodes that the volume can be used on.
    pub topology: Arc<VolumeTopology>,
}

/// A `PersistentVolumeClaim`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersistentVolumeClaim {
    /// Namespace and name.
    pub id: ObjectId,
    /// The volume; `None` for a claim without a volume.
    pub volume: Option<BoundVolume>,
}

/// The volume of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundVolume {
    /// The name of the volume.
    pub name: Arc<str>,
    /// The pod that controls the claim: the claim was made for a generic ephemeral volume of this pod.
    pub pod: Option<PodUid>,
}

/// The nodes that a volume can be used on. Many volumes of a zone have equal ones and share them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VolumeTopology {
    /// `spec.nodeAffinity.required`: one of the terms must hold for the labels of the node. `None` where the volume has no
    /// such affinity.
    pub terms: Option<Vec<Vec<NodeRequirement>>>,
    /// The labels of the volume that name its zones and regions.
    pub zones: Vec<VolumeZone>,
}

/// A label of a volume that names zones or regions: `topology.kubernetes.io/zone: a__b`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VolumeZone {
    /// The key, one of [`TOPOLOGY_LABELS`].
    pub key: &'static str,
    /// The zones or regions.
    pub values: Vec<Box<str>>,
}

/// A label that names a zone or a region of a volume or a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopologyLabel {
    /// The key.
    pub key: &'static str,
    /// The key that replaces a beta key; the same key for the others.
    pub stable: &'static str,
}

/// The labels that kube-scheduler's plugin `VolumeZone` reads.
pub const TOPOLOGY_LABELS: [TopologyLabel; 4] = {
    const ZONE: &str = "topology.kubernetes.io/zone";
    const REGION: &str = "topology.kubernetes.io/region";
    [
        TopologyLabel { key: "failure-domain.beta.kubernetes.io/zone", stable: ZONE },
        TopologyLabel { key: "failure-domain.beta.kubernetes.io/region", stable: REGION },
        TopologyLabel { key: ZONE, stable: ZONE },
        TopologyLabel { key: REGION, stable: REGION },
    ]
};

impl VolumeTopology {
    /// True where the volume can be used on every node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl VolumeZone {
    /// The zones in the value of a label. `None` for a value that kube-scheduler ignores, because a zone is empty
    /// (`LabelZonesToSet` in `k8s.io/cloud-provider`).
    #[must_use]
    pub fn read(label: TopologyLabel, value: &str) -> Option<Self> {
        let zone = |text: &str| Some(text.trim()).filter(|zone| !zone.is_empty()).map(Box::from);
        let mut values: Vec<Box<str>> = value.split("__").map(zone).collect::<Option<_>>()?;
        values.sort_unstable();
        values.dedup();
        Some(Self { key: label.key, values })
    }
}

/// The claims of a pod. Most pods have none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodClaims(Box<[PodClaim]>);

/// A claim that a volume of a pod names, in the namespace of the pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodClaim {
    /// The name of the claim.
    pub name: Arc<str>,
    /// True for a generic ephemeral volume: the claim has to belong to the pod.
    pub is_ephemeral: bool,
}

impl PodClaims {
    /// The claims, in the order of the pod's volumes; `None` where there is none.
    #[must_use]
    pub fn new(claims: Vec<PodClaim>) -> Option<Box<Self>> {
        (!claims.is_empty()).then(|| Box::new(Self(claims.into())))
    }

    /// The claims, in the order of the pod's volumes.
    pub fn iter(&self) -> impl Iterator<Item = &PodClaim> {
        self.0.iter()
    }
}
