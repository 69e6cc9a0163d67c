//! The filters of the fake kube-scheduler: those that the manifests of a demo need.
//!
//! Readiness arrives as a taint, as in a cluster with a node lifecycle controller. Volumes, pod affinity and topology
//! spread are left out.

use serde_json::Value;

use crate::model::{HostPort, Node, NodeRequirements, Pod, Resources, Shortage, Taint};
use crate::placement::mismatch;

/// A node and the requests of its pods.
#[derive(Debug)]
pub(super) struct InTreeNode<'a> {
    node: &'a Node,
    /// The taint of a cordoned node.
    cordon: Option<Taint>,
    requested: Resources,
    pods: u64,
    host_ports: Vec<HostPort>,
}

impl<'a> InTreeNode<'a> {
    /// A node without pods.
    pub(super) fn new(manifest: &Value, node: &'a Node) -> Self {
        let cordoned = manifest.pointer("/spec/unschedulable").and_then(Value::as_bool) == Some(true);
        let cordon = cordoned.then(|| Taint::read("node.kubernetes.io/unschedulable", "", "NoSchedule"));
        Self { node, cordon: cordon.flatten(), requested: Resources::default(), pods: 0, host_ports: Vec::new() }
    }

    /// The name of the node.
    pub(super) fn name(&self) -> &'a str {
        self.node.name.as_str()
    }

    /// Adds the requests of a pod.
    pub(super) fn assume(&mut self, pod: &Pod) {
        self.requested.add(&pod.resources.requests);
        self.pods += 1;
        self.host_ports.extend_from_slice(pod.host_ports());
    }

    /// Why the node is rejected, as kube-scheduler words it: the status of the first filter plugin that rejects it.
    pub(super) fn refuses(&self, pod: &Pod) -> Option<String> {
        let nothing = NodeRequirements::default();
        let node_requirements = pod.node_requirements.as_deref().unwrap_or(&nothing);
        if self.cordon.as_ref().is_some_and(|cordon| !node_requirements.tolerates(cordon)) {
            return Some("node(s) were unschedulable".to_owned());
        }
        if node_requirements.first_untolerated(&self.node.taints).is_some() {
            return Some("node(s) had untolerated taint(s)".to_owned());
        }
        if mismatch(node_requirements, self.node).is_some() {
            return Some("node(s) didn't match Pod's node affinity/selector".to_owned());
        }
        if HostPort::first_taken(&node_requirements.host_ports, &self.host_ports).is_some() {
            return Some("node(s) didn't have free ports for the requested pod ports".to_owned());
        }
        if self.pods >= self.node.pods {
            return Some("Too many pods".to_owned());
        }
        Shortage::first(&self.node.allocatable, &self.requested, &pod.resources.requests)
            .map(|Shortage { resource, .. }| format!("Insufficient {resource}"))
    }
}

#[cfg(test)]
#[path = "tests/in_tree.rs"]
mod tests;
