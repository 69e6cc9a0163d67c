//! The parts of a Pod object that are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube_derive::Resource;
use serde::{Deserialize, Serialize};

use super::metadata::controller;
use super::node_requirements::{
    self, Affinity, PortObject, SpreadConstraint, TolerationObject, filters_by_other_pods, states_preference,
};
use super::present::Present;
use crate::model::{
    ActualResources, ContainerResources, InvalidQuantity, Labels, Namespace, NodeName, NodeRequirements, OomKill,
    OversizedValue, Pod, PodClaim, PodClaims, PodKey, PodName, PodPhase, PodResourceStatus, PodResources, PodUid,
    RequestsAndLimits, ResourceList, ResourceStatus, keys,
};

/// The fields of a Pod object that a decision reads.
#[derive(Clone, Debug, Deserialize, Serialize, Resource)]
#[resource(inherit = "k8s_openapi::api::core::v1::Pod", crates(kube_core = "::kube_core"))]
pub struct PodObject {
    #[serde(deserialize_with = "super::metadata::read")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: PodSpec,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct PodSpec {
    node_name: Option<String>,
    scheduler_name: Option<String>,
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    overhead: Option<Quantities>,
    resources: Option<ResourceRequirements>,
    priority: Option<i32>,
    node_selector: Option<BTreeMap<String, String>>,
    affinity: Option<Affinity>,
    tolerations: Option<Vec<TolerationObject>>,
    topology_spread_constraints: Option<Vec<SpreadConstraint>>,
    scheduling_gates: Option<Vec<SchedulingGate>>,
    volumes: Option<Vec<Volume>>,
    resource_claims: Option<Vec<Present>>,
}

/// A volume of a pod, as far as a claim stands behind it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Volume {
    name: String,
    persistent_volume_claim: Option<ClaimSource>,
    ephemeral: Option<Present>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimSource {
    claim_name: String,
}

impl Volume {
    /// The claim behind the volume, where there is one. The claim of a generic ephemeral volume is named after the pod and the
    /// volume.
    fn claim(&self, pod: &str) -> Option<PodClaim> {
        match (&self.persistent_volume_claim, &self.ephemeral) {
            (Some(source), _) => Some(PodClaim { name: source.claim_name.as_str().into(), is_ephemeral: false }),
            (None, Some(_)) => Some(PodClaim { name: format!("{pod}-{}", self.name).into(), is_ephemeral: true }),
            (None, None) => None,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct SchedulingGate {
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct PodStatus {
    phase: Option<String>,
    conditions: Option<Vec<Condition>>,
    container_statuses: Option<Vec<ContainerStatus>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    allocated_resources: Option<Quantities>,
    resources: Option<ResourceRequirements>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: Option<String>,
    reason: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus {
    name: Option<String>,
    state: Option<ContainerState>,
    last_state: Option<ContainerState>,
    allocated_resources: Option<Quantities>,
    resources: Option<ResourceRequirements>,
}

/// The state of a container, as far as the container has ended.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct ContainerState {
    terminated: Option<Terminated>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Terminated {
    reason: Option<String>,
    finished_at: Option<Time>,
}

impl ContainerStatus {
    /// When the kernel last killed the container because it used too much memory.
    fn oom_killed_at(&self) -> Option<Timestamp> {
        let ended = [&self.state, &self.last_state].into_iter().filter_map(|state| state.as_ref()?.terminated.as_ref());
        let killed = ended.filter(|ended| ended.reason.as_deref() == Some("OOMKilled"));
        killed.filter_map(|ended| ended.finished_at.as_ref()).map(|time| time.0).max()
    }
}

impl PodStatus {
    /// True where the kubelet has rejected a resize for good. kube-scheduler reads the first condition of the type.
    fn resize_is_infeasible(&self) -> bool {
        let pending = |condition: &&Condition| condition.kind.as_deref() == Some("PodResizePending");
        let pending = self.conditions.iter().flatten().find(pending);
        pending.is_some_and(|condition| condition.reason.as_deref() == Some("Infeasible"))
    }

    /// The status of the container with this name.
    fn container(&self, name: Option<&str>) -> Option<&ContainerStatus> {
        let all = self.container_statuses.iter().chain(&self.init_container_statuses).flatten();
        all.into_iter().find(|status| status.name.as_deref() == name)
    }
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Container {
    name: Option<String>,
    resources: Option<ResourceRequirements>,
    restart_policy: Option<String>,
    ports: Option<Vec<PortObject>>,
}

impl Container {
    /// True for a native sidecar, where the container is an init container.
    fn is_sidecar(&self) -> bool {
        self.restart_policy.as_deref() == Some("Always")
    }
}

type Quantities = BTreeMap<String, String>;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct ResourceRequirements {
    requests: Option<Quantities>,
    limits: Option<Quantities>,
}

/// The prefixes of the annotations that are kept.
const READ_PREFIXES: [&str; 2] = ["outrigger.dev/", "streams.ibm.com/"];

impl TryFrom<&PodObject> for Pod {
    type Error = InvalidQuantity;

    fn try_from(object: &PodObject) -> Result<Self, InvalidQuantity> {
        let metadata = &object.metadata;
        let phase = match object.status.phase.as_deref() {
            Some("Succeeded" | "Failed") => PodPhase::Finished,
            _ if metadata.deletion_timestamp.is_some() => PodPhase::Leaving,
            _ => PodPhase::Active,
        };
        let owners = metadata.owner_references.as_deref().unwrap_or_default();
        let read = |key: &str| READ_PREFIXES.iter().any(|prefix| key.starts_with(prefix));
        let annotations = metadata.annotations.iter().flatten().filter(|(key, _)| read(key));
        let oversized = annotations.clone().find_map(|(key, value)| OversizedValue::measure(key, value));
        let annotations = annotations.filter(|(_, value)| !OversizedValue::is_oversized(value));
        Ok(Self {
            key: PodKey {
                namespace: Namespace::from(metadata.namespace.as_deref().unwrap_or_default()),
                name: PodName::from(metadata.name.as_deref().unwrap_or_default()),
                uid: PodUid::from(metadata.uid.as_deref().unwrap_or_default()),
            },
            resource_version: metadata.resource_version.as_deref().unwrap_or_default().into(),
            labels: metadata.labels.iter().flatten().collect(),
            annotations: annotations.collect::<Labels>(),
            oversized: oversized.map(Box::new),
            scheduler_name: Arc::from(object.spec.scheduler_name.as_deref().unwrap_or_default()),
            owner: controller(owners).map(Arc::new),
            node: object.spec.node_name.as_ref().filter(|name| !name.is_empty()).map(NodeName::from),
            phase,
            resources: resources(object)?.resources().into(),
            node_requirements: node_requirements(&object.spec).map(Arc::new),
            claims: PodClaims::new(claims(object)),
            has_preferences: states_preference(
                object.spec.affinity.as_ref(),
                object.spec.topology_spread_constraints.as_ref(),
            ),
            has_unread_filters: has_unread_filters(&object.spec),
            is_gated: object.spec.scheduling_gates.iter().flatten().any(|gate| gate.name != keys::PLAN_GATE),
            oom_kill: object.oom_kill().map(Box::new),
            created: metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            priority: object.spec.priority.unwrap_or_default(),
        })
    }
}

impl PodObject {
    /// The last application container that the kernel has killed because it used too much memory.
    fn oom_kill(&self) -> Option<OomKill> {
        let statuses = self.status.container_statuses.iter().flatten();
        let killed = statuses.filter_map(|status| Some((status.name.as_deref()?, status.oom_killed_at()?)));
        let (name, at) = killed.max_by_key(|(_, at)| *at)?;
        let mut containers = self.spec.containers.iter().flatten();
        let container = containers.find(|container| container.name.as_deref() == Some(name))?;
        let resources = requirements(container.resources.as_ref()).unwrap_or_default();
        let memory = resources.limits.counted().memory.max(resources.requests.counted().memory);
        Some(OomKill { container: Arc::from(name), memory, at })
    }
}

fn resources(object: &PodObject) -> Result<PodResources, InvalidQuantity> {
    let PodObject { spec, status, .. } = object;
    // The status counts once the pod is on a node: before that nothing has been reserved.
    let is_bound = spec.node_name.as_ref().is_some_and(|name| !name.is_empty());
    let status = is_bound.then_some(status);
    let read = |container: &Container| {
        let reported = status.and_then(|status| status.container(container.name.as_deref()));
        let reported =
            reported.map(|status| reported_resources(status.allocated_resources.as_ref(), status.resources.as_ref()));
        Ok(ContainerResources {
            spec: requirements(container.resources.as_ref())?,
            status: reported.transpose()?,
            sidecar: container.is_sidecar(),
        })
    };
    let read_all = |containers: &Option<Vec<Container>>| {
        containers.iter().flatten().map(read).collect::<Result<Vec<_>, InvalidQuantity>>()
    };
    let reported = |status: &PodStatus| {
        Ok(PodResourceStatus {
            resize_is_infeasible: status.resize_is_infeasible(),
            pod_level: reported_resources(status.allocated_resources.as_ref(), status.resources.as_ref())?,
        })
    };
    Ok(PodResources {
        containers: read_all(&spec.containers)?,
        init_containers: read_all(&spec.init_containers)?,
        overhead: quantities(spec.overhead.as_ref())?,
        pod_level: requirements(spec.resources.as_ref())?,
        status: status.map(reported).transpose()?,
    })
}

fn has_unread_filters(spec: &PodSpec) -> bool {
    spec.resource_claims.as_ref().is_some_and(|claims| !claims.is_empty())
        || filters_by_other_pods(spec.affinity.as_ref(), spec.topology_spread_constraints.as_ref())
}

fn claims(object: &PodObject) -> Vec<PodClaim> {
    let pod = object.metadata.name.as_deref().unwrap_or_default();
    object.spec.volumes.iter().flatten().filter_map(|volume| volume.claim(pod)).collect()
}

fn node_requirements(spec: &PodSpec) -> Option<NodeRequirements> {
    // Plain init containers are gone before the others start.
    let sidecars = spec.init_containers.iter().flatten().filter(|container| container.is_sidecar());
    let lasting = sidecars.chain(spec.containers.iter().flatten());
    let ports: Vec<&PortObject> = lasting.flat_map(|container| container.ports.iter().flatten()).collect();
    node_requirements::read(spec.node_selector.as_ref(), spec.affinity.as_ref(), spec.tolerations.as_ref(), &ports)
}

fn requirements(written: Option<&ResourceRequirements>) -> Result<RequestsAndLimits, InvalidQuantity> {
    Ok(RequestsAndLimits {
        requests: quantities(written.and_then(|written| written.requests.as_ref()))?,
        limits: quantities(written.and_then(|written| written.limits.as_ref()))?,
    })
}

fn reported_resources(
    allocated: Option<&Quantities>,
    actual: Option<&ResourceRequirements>,
) -> Result<ResourceStatus, InvalidQuantity> {
    let read = |written: Option<&Quantities>| written.map(|written| quantities(Some(written))).transpose();
    let actual = actual.map(|actual| {
        Ok(ActualResources { requests: read(actual.requests.as_ref())?, limits: read(actual.limits.as_ref())? })
    });
    Ok(ResourceStatus { allocated: read(allocated)?, actual: actual.transpose()? })
}

fn quantities(written: Option<&Quantities>) -> Result<ResourceList, InvalidQuantity> {
    let mut resources = ResourceList::default();
    for (name, quantity) in written.into_iter().flatten() {
        resources.set(name, quantity)?;
    }
    Ok(resources)
}

#[cfg(test)]
#[path = "tests/pod.rs"]
mod tests;
