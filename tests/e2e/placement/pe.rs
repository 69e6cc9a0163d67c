//! A PE as a user writes it, and what became of it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::cluster::wait::until;
use crate::cluster::{Cluster, FakeNode};

/// How long kube-scheduler may take to place a PE, or to say why not.
pub(crate) const DECIDED: Duration = Duration::from_mins(1);

/// A pod that runs a PE.
#[derive(Debug, Clone)]
pub(crate) struct Pe(Value);

impl Pe {
    /// A PE of a job; its pod has the PE's name.
    pub(crate) fn new(job: &str, name: &str) -> Self {
        Self(json!({
            "metadata": {
                "name": name,
                "labels": { "outrigger.dev/job": job, "outrigger.dev/pe": name },
                "annotations": { "outrigger.dev/inject": "false" },
            },
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": [{ "name": "main", "image": "none" }],
            },
        }))
    }

    /// With a wish: `outrigger.dev/<key>: <value>`.
    pub(crate) fn wish(mut self, key: &str, value: &str) -> Self {
        self.0["metadata"]["annotations"][format!("outrigger.dev/{key}")] = json!(value);
        self
    }

    /// With a request of CPU.
    pub(crate) fn cpu(mut self, quantity: &str) -> Self {
        self.0["spec"]["containers"][0]["resources"] = json!({ "requests": { "cpu": quantity } });
        self
    }

    /// With a volume of a claim.
    pub(crate) fn claim(mut self, name: &str) -> Self {
        self.0["spec"]["volumes"] = json!([{ "name": "data", "persistentVolumeClaim": { "claimName": name } }]);
        self
    }

    /// With a preference among nodes: a `PreferredSchedulingTerm`.
    pub(crate) fn preferring_nodes(mut self, term: &Value) -> Self {
        self.0["spec"]["affinity"] =
            json!({ "nodeAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [term] } });
        self
    }

    /// With a priority class: kube-scheduler looks at the higher ones first.
    pub(crate) fn priority_class(mut self, name: &str) -> Self {
        self.0["spec"]["priorityClassName"] = json!(name);
        self
    }

    /// With the scheduling gate of Outrigger: kube-scheduler does not look at it before [`Team::let_go`]. A PE with a gate
    /// of another owner would not count as waiting.
    pub(crate) fn gated(mut self) -> Self {
        self.0["spec"]["schedulingGates"] = json!([{ "name": "outrigger.dev/plan" }]);
        self
    }

    /// Creates it.
    ///
    /// # Errors
    ///
    /// Fails when the API server refuses it.
    pub(crate) async fn create(&self, pods: &Api<Pod>) -> Result<Pod> {
        let pod: Pod = serde_json::from_value(self.0.clone())?;
        Ok(pods.create(&PostParams::default(), &pod).await?)
    }
}

/// A namespace of a test.
#[derive(Clone)]
pub(crate) struct Team {
    client: Client,
    /// Its name.
    pub(crate) namespace: String,
    /// Its pods.
    pub(crate) pods: Api<Pod>,
}

impl Team {
    /// Makes the namespace.
    pub(crate) async fn new(cluster: &Cluster, namespace: &str) -> Self {
        cluster.create_namespace(namespace).await.unwrap();
        let client = cluster.client().await.unwrap();
        let pods = Api::namespaced(client.clone(), namespace);
        Self { client, namespace: namespace.to_owned(), pods }
    }

    /// Creates a PE.
    pub(crate) async fn create(&self, pe: Pe) {
        pe.create(&self.pods).await.unwrap();
    }

    /// Creates a PE and waits until it is placed; returns its node.
    pub(crate) async fn place(&self, pe: Pe) -> String {
        let pod = pe.create(&self.pods).await.unwrap();
        self.node_of(&pod.metadata.name.unwrap()).await
    }

    /// Waits until a PE is placed, and returns its node.
    pub(crate) async fn node_of(&self, name: &str) -> String {
        let what = format!("{}/{name} is placed", self.namespace);
        let placed = until(&what, DECIDED, async || {
            let pod = self.pods.get(name).await?;
            node(&pod).map(str::to_owned).with_context(|| format!("it waits: {:?}", waits_for(&pod)))
        });
        placed.await.unwrap()
    }

    /// Waits until kube-scheduler says why a PE has no node; returns what it says.
    pub(crate) async fn rejected(&self, name: &str) -> String {
        let what = format!("{}/{name} is refused", self.namespace);
        let rejected = until(&what, DECIDED, async || {
            let pod = self.pods.get(name).await?;
            ensure!(node(&pod).is_none(), "it is on {:?}", node(&pod));
            waits_for(&pod).context("nobody has looked at it")
        });
        rejected.await.unwrap()
    }

    /// Takes the scheduling gate off a PE.
    pub(crate) async fn let_go(&self, name: &str) {
        let open = json!({ "spec": { "schedulingGates": null } });
        self.pods.patch(name, &PatchParams::default(), &Patch::Merge(open)).await.unwrap();
    }

    /// Deletes a PE at once.
    pub(crate) async fn delete(&self, name: &str) {
        self.pods.delete(name, &DeleteParams::default().grace_period(0)).await.unwrap();
    }

    /// The events of a PE with the reason `FailedScheduling`.
    ///
    /// # Errors
    ///
    /// Fails when the API server does not answer.
    pub(crate) async fn failures(&self, name: &str) -> Result<Vec<Event>> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let wanted = format!("involvedObject.name={name},reason=FailedScheduling");
        Ok(events.list(&ListParams::default().fields(&wanted)).await?.items)
    }

    /// Makes a `HostPool`.
    pub(crate) async fn pool(&self, cluster: &Cluster, name: &str, spec: &Value) {
        let pool = json!({
            "apiVersion": "outrigger.dev/v1alpha1",
            "kind": "HostPool",
            "metadata": { "name": name, "namespace": self.namespace },
            "spec": spec,
        });
        cluster.kubectl().apply(&pool.to_string()).await.unwrap();
    }
}

/// The node of a pod.
pub(crate) fn node(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref().filter(|name| !name.is_empty())
}

/// An annotation `outrigger.dev/<key>`.
pub(crate) fn wish<'a>(pod: &'a Pod, key: &str) -> Option<&'a str> {
    pod.metadata.annotations.as_ref()?.get(&format!("outrigger.dev/{key}")).map(String::as_str)
}

/// Why kube-scheduler has found no node for a pod.
fn waits_for(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled = conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    scheduled.message.clone().filter(|_| scheduled.reason.as_deref() == Some("Unschedulable"))
}

/// Nodes with a tag that are closed to PEs that do not ask for it: no other test comes by.
pub(crate) fn nodes_of(tag: &str, names: &[&str]) -> Vec<FakeNode> {
    names.iter().map(|name| tagged(FakeNode::new(*name), tag)).collect()
}

/// A node with a tag more, closed to PEs that do not ask for it.
pub(crate) fn tagged(node: FakeNode, tag: &str) -> FakeNode {
    node.label(&format!("tag.outrigger.dev/{tag}"), "").label(&format!("restrict.outrigger.dev/{tag}"), "")
}
