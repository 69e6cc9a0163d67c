//! The parts of a Pod object that are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube_derive::Resource;
use serde::{Deserialize, Serialize};

use super::metadata::controller;
use super::node_requirements::{self, Affinity, PortObject, SpreadConstraint, TolerationObject, states_preference};
use crate::model::{
    ContainerResources, InvalidQuantity, Labels, Namespace, NodeName, NodeRequirements, Pod, PodKey, PodName, PodPhase,
    PodResources, PodUid, Resources, keys,
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
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    overhead: Option<Quantities>,
    resources: Option<ResourceRequirements>,
    priority: Option<i32>,
    node_selector: Option<BTreeMap<String, String>>,
    affinity: Option<Affinity>,
    tolerations: Option<Vec<TolerationObject>>,
    topology_spread_constraints: Option<Vec<SpreadConstraint>>,
    scheduler_name: Option<String>,
    scheduling_gates: Option<Vec<SchedulingGate>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct SchedulingGate {
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct PodStatus {
    phase: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Container {
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
        Ok(Self {
            key: PodKey {
                namespace: Namespace::from(metadata.namespace.as_deref().unwrap_or_default()),
                name: PodName::from(metadata.name.as_deref().unwrap_or_default()),
                uid: PodUid::from(metadata.uid.as_deref().unwrap_or_default()),
            },
            resource_version: metadata.resource_version.as_deref().unwrap_or_default().into(),
            labels: metadata.labels.iter().flatten().collect(),
            annotations: metadata.annotations.iter().flatten().filter(|(key, _)| read(key)).collect::<Labels>(),
            owner: controller(owners).map(Arc::new),
            node: object.spec.node_name.as_ref().filter(|name| !name.is_empty()).map(NodeName::from),
            phase,
            resources: resources(&object.spec)?.resources().into(),
            node_requirements: node_requirements(&object.spec).map(Arc::new),
            has_preferences: states_preference(
                object.spec.affinity.as_ref(),
                object.spec.topology_spread_constraints.as_ref(),
            ),
            scheduler_name: object.spec.scheduler_name.as_deref().filter(|name| !name.is_empty()).map(Arc::from),
            is_gated: object.spec.scheduling_gates.iter().flatten().any(|gate| gate.name != keys::PLAN_GATE),
            created: metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            priority: object.spec.priority.unwrap_or_default(),
        })
    }
}

fn resources(spec: &PodSpec) -> Result<PodResources, InvalidQuantity> {
    let read_all = |containers: &Option<Vec<Container>>| {
        containers.iter().flatten().map(container).collect::<Result<Vec<_>, InvalidQuantity>>()
    };
    Ok(PodResources {
        containers: read_all(&spec.containers)?,
        init_containers: read_all(&spec.init_containers)?,
        overhead: quantities(spec.overhead.as_ref())?,
        pod_level: spec.resources.as_ref().map(|pod_level| requirements(Some(pod_level))).transpose()?,
    })
}

fn node_requirements(spec: &PodSpec) -> Option<NodeRequirements> {
    // Plain init containers are gone before the others start.
    let sidecars = spec.init_containers.iter().flatten().filter(|container| container.is_sidecar());
    let lasting = sidecars.chain(spec.containers.iter().flatten());
    let ports: Vec<&PortObject> = lasting.flat_map(|container| container.ports.iter().flatten()).collect();
    node_requirements::read(spec.node_selector.as_ref(), spec.affinity.as_ref(), spec.tolerations.as_ref(), &ports)
}

fn container(container: &Container) -> Result<ContainerResources, InvalidQuantity> {
    let resources = requirements(container.resources.as_ref())?;
    Ok(ContainerResources { sidecar: container.is_sidecar(), ..resources })
}

fn requirements(written: Option<&ResourceRequirements>) -> Result<ContainerResources, InvalidQuantity> {
    let requests = quantities(written.and_then(|written| written.requests.as_ref()))?;
    let mut limits = quantities(written.and_then(|written| written.limits.as_ref()))?;
    // A missing limit counts as the request.
    limits.maximum(&requests);
    Ok(ContainerResources { requests, limits, sidecar: false })
}

fn quantities(written: Option<&Quantities>) -> Result<Resources, InvalidQuantity> {
    let mut resources = Resources::default();
    for (name, quantity) in written.into_iter().flatten() {
        resources.set(name, quantity)?;
    }
    Ok(resources)
}

#[cfg(test)]
#[path = "tests/pod.rs"]
mod tests;
