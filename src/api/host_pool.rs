//! `HostPool`: a named set of nodes.

use std::num::NonZeroU32;
use std::sync::Arc;

use kube_derive::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Namespace, ObjectId, Pool, PoolMembers, PoolMode, Tag};

/// A named set of nodes that PEs ask for with `outrigger.dev/host-pool`.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[kube(
    group = "outrigger.dev",
    version = "v1alpha1",
    kind = "HostPool",
    plural = "hostpools",
    shortname = "hp",
    category = "outrigger",
    namespaced,
    status = "HostPoolStatus",
    crates(kube_core = "::kube_core"),
    derive = "PartialEq",
    doc = "A named set of nodes: by tags, which a node must all have, or by a list of hosts.",
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode"),
    printcolumn(name = "Size", type_ = "integer", json_path = ".spec.size"),
    printcolumn(name = "Nodes", type_ = "integer", json_path = ".status.nodes"),
    printcolumn(name = "Jobs", type_ = "integer", json_path = ".status.jobs"),
    printcolumn(name = "Tags", type_ = "string", json_path = ".spec.tags"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    crates(kube_core = "::kube_core"),
    validation = ("!(has(self.tags) && size(self.tags) > 0 && has(self.hosts) && size(self.hosts) > 0)", "tags and hosts cannot be combined: keep one of them"),
    validation = ("self.mode != 'Exclusive' || has(self.size)", "an Exclusive pool needs a size: say how many nodes each job gets"),
    validation = ("!has(self.size) || !has(self.hosts) || size(self.hosts) == 0 || self.size <= size(self.hosts)", "size is larger than the list of hosts: name more hosts or lower the size"),
    validation = ("self.mode == oldSelf.mode", "mode is immutable: PEs that run were placed by it; create another HostPool"),
    validation = ("(has(self.tags) ? self.tags : []) == (has(oldSelf.tags) ? oldSelf.tags : [])", "tags are immutable: they were written into pods as node affinity; create another HostPool")
)]
pub struct HostPoolSpec {
    /// Nodes qualify that have all of these tags, by their labels `tag.outrigger.dev/<tag>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        inner(length(max = 63), regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"))
    )]
    pub tags: Vec<String>,
    /// Nodes qualify that are named here, by name or address. Cannot be combined with tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_024), inner(length(min = 1, max = 253)))]
    pub hosts: Vec<String>,
    /// How many of the nodes that qualify each job gets. Absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 15_000))]
    pub size: Option<i32>,
    /// Whether a job has its nodes of the pool for itself.
    #[serde(default)]
    pub mode: Mode,
}

/// Whether a job has its nodes of a pool for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// Any number of jobs share the nodes.
    #[default]
    Shared,
    /// No PE of another job runs on the nodes that a job has chosen. Needs a size.
    Exclusive,
}

/// The nodes of the pool and the jobs that use them. The status is derived from nodes and pods, and is rebuilt from
/// them when it is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HostPoolStatus {
    /// The number of nodes that qualify.
    pub nodes: i32,
    /// The number of these nodes that take new pods: they are ready and not cordoned.
    pub schedulable: i32,
    /// The number of jobs with a placed PE in the pool.
    pub jobs: i32,
    /// The allocation of each of these jobs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allocations: Vec<AllocationStatus>,
    /// The generation of this object that the status was derived from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// The allocation of a job in a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AllocationStatus {
    /// The job; `name#generation` where its pods name a generation.
    pub job: String,
    /// The number of PEs of the job that are placed in the pool.
    pub pes: i32,
    /// The nodes of these PEs. Of a sized pool, these are the nodes that the job has chosen so far.
    pub nodes: Vec<String>,
}

/// Why a `HostPool` is invalid. The API server rejects such an object, unless the definition is older.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHostPool {
    /// The object has no name or no namespace.
    #[error("metadata.name and metadata.namespace are required")]
    Unnamed,
    /// The object has tags and hosts.
    #[error("spec.tags and spec.hosts cannot be combined; keep one")]
    TagsAndHosts,
    /// An exclusive pool has no size.
    #[error("spec.size is required where spec.mode is Exclusive")]
    ExclusiveWithoutSize,
    /// The size is below 1.
    #[error("spec.size is {0}; it must be at least 1")]
    Size(i32),
}

impl TryFrom<&HostPool> for Pool {
    type Error = InvalidHostPool;

    fn try_from(object: &HostPool) -> Result<Self, InvalidHostPool> {
        let (Some(name), Some(namespace)) = (&object.metadata.name, &object.metadata.namespace) else {
            return Err(InvalidHostPool::Unnamed);
        };
        let spec = &object.spec;
        if !spec.tags.is_empty() && !spec.hosts.is_empty() {
            return Err(InvalidHostPool::TagsAndHosts);
        }
        let size = spec
            .size
            .map(|size| u32::try_from(size).ok().and_then(NonZeroU32::new).ok_or(InvalidHostPool::Size(size)))
            .transpose()?;
        let mode = match (spec.mode, size) {
            (Mode::Shared, None) => PoolMode::Shared,
            (Mode::Shared, Some(size)) => PoolMode::SharedSized(size),
            (Mode::Exclusive, Some(size)) => PoolMode::Exclusive(size),
            (Mode::Exclusive, None) => return Err(InvalidHostPool::ExclusiveWithoutSize),
        };
        let members = if spec.hosts.is_empty() {
            PoolMembers::Tagged(spec.tags.iter().map(Tag::from).collect())
        } else {
            PoolMembers::Hosts(spec.hosts.iter().map(|host| Box::from(host.as_str())).collect())
        };
        Ok(Self {
            id: ObjectId { namespace: Namespace::from(namespace), name: Arc::from(name.as_str()) },
            members,
            mode,
        })
    }
}

#[cfg(test)]
#[path = "tests/host_pool.rs"]
mod tests;
