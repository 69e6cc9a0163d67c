//! `StreamJob`: the placement specs of the PEs of a job, in one object.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use kube_derive::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Labels, LastPlace, Namespace, NodeName, ObjectId, ResourceVersion, ScoringStrategy, StreamJob as Declared,
    StreamJobVersion, keys,
};

/// The placement specs of the PEs of a job. Pods of the same namespace name the job with `outrigger.dev/job`.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[kube(
    group = "outrigger.dev",
    version = "v1alpha1",
    kind = "StreamJob",
    plural = "streamjobs",
    shortname = "sj",
    category = "outrigger",
    namespaced,
    status = "StreamJobStatus",
    crates(kube_core = "::kube_core"),
    derive = "PartialEq",
    doc = "A job: the placement specs of its PEs, and their nodes.",
    printcolumn(name = "PEs", type_ = "integer", json_path = ".status.of"),
    printcolumn(name = "Placed", type_ = "integer", json_path = ".status.placed"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(
        name = "Waits for",
        type_ = "string",
        priority = 1,
        json_path = ".status.conditions[?(@.type=='Placed')].message"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    crates(kube_core = "::kube_core"),
    validation = ("!has(self.connections) || size(self.connections) == 0 || has(self.pes) && sets.contains(self.pes.map(pe, pe.name), self.connections.map(stream, stream.from))", "a connection comes from a PE that is not listed: add it to pes, or correct the name in connections[].from"),
    validation = ("!has(self.connections) || size(self.connections) == 0 || has(self.pes) && sets.contains(self.pes.map(pe, pe.name), self.connections.map(stream, stream.to))", "a connection leads to a PE that is not listed: add it to pes, or correct the name in connections[].to"),
    validation = ("!has(self.connections) || self.connections.all(stream, stream.from != stream.to)", "a connection leads from a PE to itself: leave it out, it never leaves the node")
)]
pub struct StreamJobSpec {
    /// The PEs, each once, by their names in `outrigger.dev/pe`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_024), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub pes: Vec<PeSpec>,
    /// Streams between PEs, each pair once. For a PE that sends to any of them, they overrule
    /// `outrigger.dev/connects-to` on the pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 1_024),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["from", "to"])
    )]
    pub connections: Vec<ConnectionSpec>,
    /// Whether the PEs are placed together or not at all. Absent: `outrigger.dev/gang` on the pods counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gang: Option<GangSpec>,
    /// Places PEs also on overloaded nodes: load protection does not apply. Needs the permission
    /// `override-load-protection` on `StreamJob` objects.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub override_load_protection: bool,
}

/// The placement spec of a PE. For an absent field, the key on the pod counts.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    crates(kube_core = "::kube_core"),
    validation = ("!has(self.hostPool) || !has(self.hostTags) || size(self.hostTags) == 0", "hostPool and hostTags cannot be combined: keep one of them"),
    validation = ("!has(self.poolIndex) || has(self.hostPool)", "poolIndex numbers the nodes of a sized pool: name the pool with hostPool"),
    validation = ("!has(self.isolated) || !self.isolated || !has(self.exlocation) || size(self.exlocation) == 0", "an isolated PE shares its node with no PE: leave its exlocation out"),
    validation = ("!has(self.isolated) || !self.isolated || !has(self.colocation) || size(self.colocation) == 0", "colocation against isolation: an isolated PE cannot share its node; keep one of them")
)]
pub struct PeSpec {
    /// The name of the PE.
    #[schemars(length(max = 63), regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"))]
    pub name: String,
    /// A `HostPool` of this namespace. Any of hostPool, hostTags and poolIndex overrules all three keys on the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub host_pool: Option<String>,
    /// Nodes with all of these tags, without a `HostPool`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 32),
        inner(length(max = 63), regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"))
    )]
    pub host_tags: Vec<String>,
    /// The number of a node in the job's allocation of a sized pool, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 14_999))]
    pub pool_index: Option<i32>,
    /// The nodes that the PE may run on, by name or address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 253), regex(pattern = r"^[^,\s]+$")))]
    pub hosts: Vec<String>,
    /// Tokens: the PE shares its node with every PE of the job that has one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 63), regex(pattern = r"^[^,\s]+$")))]
    pub colocation: Vec<String>,
    /// Tokens: the PE shares its node with no PE of the job that has one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 63), regex(pattern = r"^[^,\s]+$")))]
    pub exlocation: Vec<String>,
    /// True: no other PE in the isolation scope of the policy runs on the node of the PE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolated: Option<bool>,
    /// False: the PE stays with the node of its first placement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relocatable: Option<bool>,
    /// How the nodes that pass are scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<ScoringStrategy>,
}

/// A stream from one PE to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionSpec {
    /// The PE that sends.
    #[schemars(length(max = 63), regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"))]
    pub from: String,
    /// The PE that receives.
    #[schemars(length(max = 63), regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"))]
    pub to: String,
    /// Bytes a second. Absent: 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000_000_i64))]
    pub bytes_per_second: Option<i64>,
}

/// PEs that are placed together or not at all: all PEs, or a least number.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    crates(kube_core = "::kube_core"),
    validation = ("has(self.all) != has(self.minMember)", "a gang is `all: true` or `minMember: n`: keep exactly one of them"),
    validation = ("!has(self.all) || self.all", "`all: false` says nothing: leave gang out")
)]
pub struct GangSpec {
    /// All listed PEs; where no PE is listed, all PEs of the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// The least number of PEs, including bound PEs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 15_000))]
    pub min_member: Option<i32>,
}

/// The placement of the job. The status is derived from the pods, and is rebuilt from them when it is lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StreamJobStatus {
    /// How many of the PEs have a node.
    pub phase: Phase,
    /// The number of PEs that have a node.
    pub placed: i32,
    /// The number of PEs of the job: listed PEs, and PEs that run or wait without being listed.
    pub of: i32,
    /// The PEs, sorted by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub placements: Vec<PlacementStatus>,
    /// `Placed`: every PE has a node. `SpecOverridden`: this object overrides keys of its pods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The generation of this object that the status was derived from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// How many of the PEs of a job have a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// No PE has a node.
    #[default]
    Pending,
    /// Some PEs have a node.
    Placing,
    /// Every PE has a node.
    Placed,
}

/// The node of a PE, or why the PE waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PlacementStatus {
    /// The PE.
    pub pe: String,
    /// The generation of the job, where its pods name one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub generation: String,
    /// The pod. Absent between two pods of a PE that returns to its node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// The UID of the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The node of the PE. Absent: the PE waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// How the nodes that pass are scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The rank of the node among those that passed, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<i32>,
    /// The number of nodes that Outrigger rejected, by reason code: when the PE was placed, or at the last attempt.
    #[serde(rename = "refused", skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<String, i32>,
    /// The node that the PE was last bound to, where the PE returns to its node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_node: Option<String>,
    /// The UID of the workload that controls the pod. Pods of one PE and owner are incarnations of the PE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Why a `StreamJob` is invalid. The API server rejects such an object, unless the definition is older.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStreamJob {
    /// The object has no name or no namespace.
    #[error("metadata.name and metadata.namespace are required")]
    Unnamed,
    /// A PE is listed twice.
    #[error("spec.pes: PE `{0}` is listed twice; merge its entries")]
    ListedTwice(String),
    /// A connection names a PE that is not listed.
    #[error("spec.connections: PE `{0}` is not listed in spec.pes")]
    NotListed(String),
    /// The gang has none or both of its fields.
    #[error("spec.gang is `all: true` or `minMember: n`; keep exactly one of them")]
    Gang,
}

impl TryFrom<&StreamJob> for Declared {
    type Error = InvalidStreamJob;

    fn try_from(object: &StreamJob) -> Result<Self, InvalidStreamJob> {
        let (Some(name), Some(namespace)) = (&object.metadata.name, &object.metadata.namespace) else {
            return Err(InvalidStreamJob::Unnamed);
        };
        let spec = &object.spec;
        let gang = gang(spec.gang.as_ref())?;
        let of_job = || gang.iter().map(|gang| (keys::GANG, gang.clone()));
        let mut pes: BTreeMap<Arc<str>, Labels> = BTreeMap::new();
        for pe in &spec.pes {
            let declared = declared(pe).chain(connects_to(&pe.name, &spec.connections)).chain(of_job()).collect();
            if pes.insert(Arc::from(pe.name.as_str()), declared).is_some() {
                return Err(InvalidStreamJob::ListedTwice(pe.name.clone()));
            }
        }
        let ends = spec.connections.iter().flat_map(|connection| [&connection.from, &connection.to]);
        if let Some(end) = ends.into_iter().find(|end| !pes.contains_key(end.as_str())) {
            return Err(InvalidStreamJob::NotListed(end.clone()));
        }
        Ok(Self {
            id: ObjectId { namespace: Namespace::from(namespace), name: Arc::from(name.as_str()) },
            version: version(&object.metadata),
            pes,
            others: of_job().collect(),
            override_load_protection: spec.override_load_protection,
            last_places: object.status.iter().flat_map(|status| &status.placements).filter_map(last_place).collect(),
        })
    }
}

/// The keys that a PE declares, with the values that a pod would carry.
fn declared(pe: &PeSpec) -> impl Iterator<Item = (&'static str, String)> {
    let list = |list: &[String]| if list.is_empty() { None } else { Some(list.join(",")) };
    let values = [
        (keys::HOST_POOL, pe.host_pool.clone()),
        (keys::HOST_TAGS, list(&pe.host_tags)),
        (keys::POOL_INDEX, pe.pool_index.map(|index| index.to_string())),
        (keys::HOSTS, list(&pe.hosts)),
        (keys::COLOCATION, list(&pe.colocation)),
        (keys::EXLOCATION, list(&pe.exlocation)),
        (keys::ISOLATED, pe.isolated.map(|isolated| isolated.to_string())),
        (keys::RELOCATABLE, pe.relocatable.map(|relocatable| relocatable.to_string())),
        (keys::SCHEME, pe.scheme.map(|scheme| scheme.as_str().to_owned())),
    ];
    values.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

fn connects_to(pe: &str, connections: &[ConnectionSpec]) -> Option<(&'static str, String)> {
    let streams: Vec<String> = connections
        .iter()
        .filter(|connection| connection.from == pe)
        .map(|connection| match connection.bytes_per_second {
            Some(rate) => format!("{}={rate}", connection.to),
            None => connection.to.clone(),
        })
        .collect();
    if streams.is_empty() { None } else { Some((keys::CONNECTS_TO, streams.join(","))) }
}

fn gang(written: Option<&GangSpec>) -> Result<Option<String>, InvalidStreamJob> {
    match written {
        None => Ok(None),
        Some(GangSpec { all: Some(true), min_member: None }) => Ok(Some("true".to_owned())),
        Some(GangSpec { all: None, min_member: Some(count) }) if *count > 0 => Ok(Some(count.to_string())),
        Some(_) => Err(InvalidStreamJob::Gang),
    }
}

fn version(metadata: &ObjectMeta) -> Option<StreamJobVersion> {
    Some(StreamJobVersion {
        uid: Arc::from(metadata.uid.as_deref()?),
        generation: metadata.generation.unwrap_or_default(),
        resource_version: ResourceVersion::parse(metadata.resource_version.as_deref()?)?,
    })
}

fn last_place(placement: &PlacementStatus) -> Option<LastPlace> {
    let node = placement.node.as_deref().or(placement.last_node.as_deref())?;
    Some(LastPlace {
        generation: Arc::from(placement.generation.as_str()),
        pe: Arc::from(placement.pe.as_str()),
        owner_uid: Arc::from(placement.owner.as_deref()?),
        node: NodeName::from(node),
    })
}

#[cfg(test)]
#[path = "tests/stream_job.rs"]
mod tests;
