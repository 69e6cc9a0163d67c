//! The parts of a Node object that are read.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube_derive::Resource;
use serde::{Deserialize, Serialize};

use super::document::DocumentError;
use super::load;
use crate::model::{InvalidQuantity, Load, Node, NodeName, Resources, Taint, keys};

/// The fields of a Node object that a decision reads.
#[derive(Clone, Debug, Deserialize, Serialize, Resource)]
#[resource(inherit = "k8s_openapi::api::core::v1::Node", crates(kube_core = "::kube_core"))]
pub struct NodeObject {
    #[serde(deserialize_with = "super::metadata::read")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: NodeSpec,
    #[serde(default)]
    status: NodeStatus,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct NodeSpec {
    unschedulable: Option<bool>,
    taints: Option<Vec<TaintObject>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct TaintObject {
    key: String,
    value: Option<String>,
    effect: String,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct NodeStatus {
    allocatable: Option<BTreeMap<String, String>>,
    capacity: Option<BTreeMap<String, String>>,
    addresses: Option<Vec<Address>>,
    conditions: Option<Vec<Condition>>,
}

impl NodeStatus {
    /// The amounts that pods may request. The API server takes the capacity where `allocatable` is missing
    /// (`SetDefaults_NodeStatus`).
    fn allocatable(&self) -> impl Iterator<Item = (&String, &String)> {
        self.allocatable.as_ref().or(self.capacity.as_ref()).into_iter().flatten()
    }

    /// The key of the taint for a condition `Ready` that is not true. A node without that condition was made by hand:
    /// kube-scheduler reads taints, not conditions.
    fn not_ready_taint(&self) -> Option<&'static str> {
        let mut ready = self.conditions.iter().flatten().filter(|condition| condition.kind == "Ready");
        ready.find_map(|condition| match condition.status.as_str() {
            "True" => None,
            "Unknown" => Some("node.kubernetes.io/unreachable"),
            _ => Some("node.kubernetes.io/not-ready"),
        })
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Address {
    address: String,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

impl NodeObject {
    /// The load in the annotation [`keys::LOAD`].
    ///
    /// # Errors
    /// [`DocumentError`] where the annotation is invalid: the load of the node is unknown then.
    pub fn load(&self) -> Result<Option<Load>, DocumentError> {
        let written = self.metadata.annotations.as_ref().and_then(|annotations| annotations.get(keys::LOAD));
        written.map(|text| load::annotation(text)).transpose()
    }
}

impl TryFrom<&NodeObject> for Node {
    type Error = InvalidQuantity;

    fn try_from(object: &NodeObject) -> Result<Self, InvalidQuantity> {
        let mut allocatable = Resources::default();
        let mut pods = 0;
        for (name, quantity) in object.status.allocatable() {
            if name == "pods" {
                let mut count = Resources::default();
                count.set(name, quantity)?;
                pods = count.get(name);
            } else {
                allocatable.set(name, quantity)?;
            }
        }
        let taints = object.spec.taints.iter().flatten().filter_map(taint);
        let (soft_taints, taints) = taints.partition(Taint::is_soft);
        let is_leaving = object.metadata.deletion_timestamp.is_some();
        let unschedulable_taints = unschedulable_taints(object);
        Ok(Self {
            name: NodeName::from(object.metadata.name.as_deref().unwrap_or_default()),
            labels: object.metadata.labels.iter().flatten().collect(),
            addresses: object.status.addresses.iter().flatten().map(|a| Box::from(a.address.as_str())).collect(),
            allocatable,
            pods,
            taints,
            soft_taints,
            schedulable: unschedulable_taints.is_empty() && !is_leaving,
            unschedulable_taints: if is_leaving { Vec::new() } else { unschedulable_taints },
            load: object.load().ok().flatten(),
        })
    }
}

/// The taints that Kubernetes puts on a node that is cordoned or not ready (well-known taints of Kubernetes). The taints
/// themselves may come later than the fields that they stand for.
fn unschedulable_taints(node: &NodeObject) -> Vec<Taint> {
    let cordoned = (node.spec.unschedulable == Some(true)).then_some("node.kubernetes.io/unschedulable");
    let keys = cordoned.into_iter().chain(node.status.not_ready_taint());
    keys.filter_map(|key| Taint::read(key, "", "NoSchedule")).collect()
}

fn taint(taint: &TaintObject) -> Option<Taint> {
    Taint::read(&taint.key, taint.value.as_deref().unwrap_or_default(), &taint.effect)
}

#[cfg(test)]
#[path = "tests/node.rs"]
mod tests;
