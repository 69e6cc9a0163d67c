//! The parts of an object's metadata that are read.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use serde::{Deserialize, Deserializer};

use crate::model::{Namespace, ObjectId, Owner, OwnerKind};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<OwnerReference>>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
}

/// Reads metadata without the fields that no decision needs. `managedFields` alone is often half of an object.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    let metadata = Metadata::deserialize(deserializer)?;
    Ok(ObjectMeta {
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
        resource_version: metadata.resource_version,
        labels: metadata.labels,
        annotations: metadata.annotations,
        owner_references: metadata.owner_references,
        creation_timestamp: metadata.creation_timestamp,
        deletion_timestamp: metadata.deletion_timestamp,
        ..ObjectMeta::default()
    })
}

/// Namespace and name of an object that an API server has stored.
pub(super) fn object_id(metadata: &ObjectMeta) -> ObjectId {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    ObjectId::new(&Namespace::from(&text(&metadata.namespace)), &text(&metadata.name))
}

/// The workload that controls a pod with these owner references.
pub(crate) fn controller(owners: &[OwnerReference]) -> Option<Owner> {
    let owner = owners.iter().find(|owner| owner.controller == Some(true) && !owner.name.is_empty())?;
    Some(Owner {
        name: owner.name.as_str().into(),
        uid: owner.uid.as_str().into(),
        kind: OwnerKind::from_owner(&owner.api_version, &owner.kind),
        is_only: owners.len() == 1,
    })
}
