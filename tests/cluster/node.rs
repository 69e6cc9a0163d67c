//! Nodes that KWOK plays: API objects that become Ready, and whose pods run as soon as they are bound.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{Node, NodeSpec, NodeStatus, Taint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt as _};

use super::control_plane::Cluster;
use super::wait::until;

/// How many requests are under way at once.
const PARALLEL: usize = 16;
/// How long nodes may take to become ready.
const READY: Duration = Duration::from_mins(2);

/// A node as a test wants it: 8 CPUs, 32 GiB and 110 pods, unless said otherwise.
#[derive(Debug, Clone)]
pub(crate) struct FakeNode {
    name: String,
    labels: BTreeMap<String, String>,
    capacity: BTreeMap<String, Quantity>,
    taints: Vec<Taint>,
}

impl FakeNode {
    /// A node with a name.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let labels =
            [("kubernetes.io/hostname", name.as_str()), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let node = Self { name, labels, capacity: BTreeMap::new(), taints: Vec::new() };
        node.resource("cpu", "8").resource("memory", "32Gi").resource("pods", "110")
    }

    /// With a label.
    pub(crate) fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// With an amount of a resource: `cpu`, `memory`, `pods`, or an extended one. Capacity and allocatable are the same.
    pub(crate) fn resource(mut self, name: &str, quantity: &str) -> Self {
        self.capacity.insert(name.to_owned(), Quantity(quantity.to_owned()));
        self
    }

    /// With a taint; effect is `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub(crate) fn taint(mut self, key: &str, value: &str, effect: &str) -> Self {
        let (key, value, effect) = (key.to_owned(), Some(value.to_owned()), effect.to_owned());
        self.taints.push(Taint { key, value, effect, time_added: None });
        self
    }

    fn object(&self) -> Node {
        let metadata =
            ObjectMeta { name: Some(self.name.clone()), labels: Some(self.labels.clone()), ..ObjectMeta::default() };
        let status = NodeStatus {
            allocatable: Some(self.capacity.clone()),
            capacity: Some(self.capacity.clone()),
            ..NodeStatus::default()
        };
        let spec = NodeSpec { taints: Some(self.taints.clone()), ..NodeSpec::default() };
        Node { metadata, spec: Some(spec), status: Some(status) }
    }
}

impl Cluster {
    /// Makes nodes and waits until pods can be placed on all of them.
    ///
    /// # Errors
    ///
    /// Fails when a node exists already, or does not become ready.
    pub(crate) async fn create_nodes(&self, nodes: &[FakeNode]) -> Result<()> {
        let api: Api<Node> = Api::all(self.client().await?);
        let parameters = PostParams::default();
        let objects: Vec<Node> = nodes.iter().map(FakeNode::object).collect();
        let created = futures::stream::iter(&objects).map(|node| api.create(&parameters, node));
        created.buffer_unordered(PARALLEL).try_collect::<Vec<_>>().await?;
        until("all nodes are ready", READY, async || {
            let listed = api.list(&ListParams::default()).await?;
            let waiting: Vec<String> = listed.iter().filter(|node| !takes_pods(node)).map(Node::name_any).collect();
            ensure!(waiting.is_empty(), "{} are not: {}", waiting.len(), waiting.join(", "));
            Ok(())
        })
        .await
    }
}

/// Ready, and the controller manager has seen it: admission taints every new node until then.
fn takes_pods(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let mut ready = conditions.filter(|condition| condition.type_ == "Ready");
    ready.any(|condition| condition.status == "True")
        && !taints.into_iter().any(|taint| taint.key == "node.kubernetes.io/not-ready")
}
