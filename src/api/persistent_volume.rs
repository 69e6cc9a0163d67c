//! The parts of `PersistentVolume` and `PersistentVolumeClaim` objects that are read.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube_derive::Resource;
use serde::{Deserialize, Serialize};

use super::node_requirements::NodeSelector;
use super::present::Present;
use crate::model::{
    BoundVolume, Namespace, ObjectId, PersistentVolume, PersistentVolumeClaim, PodUid, TOPOLOGY_LABELS, VolumeTopology,
    VolumeZone,
};

/// The fields of a `PersistentVolume` object that a decision reads.
#[derive(Clone, Debug, Deserialize, Serialize, Resource)]
#[resource(inherit = "k8s_openapi::api::core::v1::PersistentVolume", crates(kube_core = "::kube_core"))]
pub struct PersistentVolumeObject {
    #[serde(deserialize_with = "super::metadata::read")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: VolumeSpec,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct VolumeSpec {
    node_affinity: Option<VolumeNodeAffinity>,
    aws_elastic_block_store: Option<Present>,
    azure_disk: Option<Present>,
    azure_file: Option<Present>,
    cinder: Option<Present>,
    gce_persistent_disk: Option<Present>,
    portworx_volume: Option<Present>,
    vsphere_volume: Option<Present>,
}

impl VolumeSpec {
    /// True for a volume of a plugin that was built into Kubernetes. kube-scheduler translates the node affinity of such a
    /// volume into that of a CSI driver (`k8s.io/csi-translation-lib`) before it compares labels.
    fn is_translated(&self) -> bool {
        [
            &self.aws_elastic_block_store,
            &self.azure_disk,
            &self.azure_file,
            &self.cinder,
            &self.gce_persistent_disk,
            &self.portworx_volume,
            &self.vsphere_volume,
        ]
        .into_iter()
        .any(Option::is_some)
    }
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct VolumeNodeAffinity {
    required: Option<NodeSelector>,
}

/// An object without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("metadata.name is missing")]
pub struct Unnamed;

impl TryFrom<&PersistentVolumeObject> for PersistentVolume {
    type Error = Unnamed;

    fn try_from(object: &PersistentVolumeObject) -> Result<Self, Unnamed> {
        let name = object.metadata.name.as_deref().filter(|name| !name.is_empty()).ok_or(Unnamed)?;
        let spec = &object.spec;
        let required = spec.node_affinity.as_ref().filter(|_| !spec.is_translated());
        let required = required.and_then(|affinity| affinity.required.as_ref());
        let labels = object.metadata.labels.as_ref();
        let zones = TOPOLOGY_LABELS.into_iter().filter_map(|label| VolumeZone::read(label, labels?.get(label.key)?));
        let topology = VolumeTopology { terms: required.map(NodeSelector::terms), zones: zones.collect() };
        Ok(Self { name: Arc::from(name), topology: Arc::new(topology) })
    }
}

/// The fields of a `PersistentVolumeClaim` object that a decision reads.
#[derive(Clone, Debug, Deserialize, Serialize, Resource)]
#[resource(inherit = "k8s_openapi::api::core::v1::PersistentVolumeClaim", crates(kube_core = "::kube_core"))]
pub struct PersistentVolumeClaimObject {
    #[serde(deserialize_with = "super::metadata::read")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: ClaimSpec,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimSpec {
    volume_name: Option<String>,
}

impl TryFrom<&PersistentVolumeClaimObject> for PersistentVolumeClaim {
    type Error = Unnamed;

    fn try_from(object: &PersistentVolumeClaimObject) -> Result<Self, Unnamed> {
        let PersistentVolumeClaimObject { metadata, spec } = object;
        let name = metadata.name.as_deref().filter(|name| !name.is_empty()).ok_or(Unnamed)?;
        let owners = metadata.owner_references.iter().flatten();
        let pod = owners
            .into_iter()
            .find(|owner| owner.controller == Some(true) && owner.kind == "Pod" && owner.api_version == "v1")
            .map(|owner| PodUid::from(owner.uid.as_str()));
        let volume = spec.volume_name.as_deref().filter(|volume| !volume.is_empty());
        Ok(Self {
            id: ObjectId::new(&Namespace::from(metadata.namespace.as_deref().unwrap_or_default()), name),
            volume: volume.map(|volume| BoundVolume { name: Arc::from(volume), pod }),
        })
    }
}

#[cfg(test)]
#[path = "tests/persistent_volume.rs"]
mod tests;
