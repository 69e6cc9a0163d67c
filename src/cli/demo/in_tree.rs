//! kube-scheduler's own filters, as far as the manifests of a demo meet them.
//!
//! Readiness arrives as a taint, as in a cluster with a node lifecycle controller. Host ports, volumes, pod affinity
//! and topology spread are not played.

use k8s_openapi::api::core::v1::{
    Node as NodeManifest, NodeSelectorRequirement, NodeSelectorTerm, Pod as PodManifest, Taint, Toleration,
};
use serde::Deserialize as _;
use serde_json::Value;

use crate::model::{Footprint, Node, Resources};

/// A node, and what is requested there.
#[derive(Debug)]
pub(super) struct NodeInfo {
    /// The node as it is written.
    pub(super) manifest: NodeManifest,
    allocatable: Resources,
    pods_allowed: u64,
    requested: Resources,
    pods: u64,
}

impl NodeInfo {
    /// An empty node; `None` where the manifest has no shape that kube-scheduler could read.
    pub(super) fn new(manifest: &Value, node: &Node) -> Option<Self> {
        Some(Self {
            manifest: NodeManifest::deserialize(manifest).ok()?,
            allocatable: node.allocatable.clone(),
            pods_allowed: node.pods,
            requested: Resources::default(),
            pods: 0,
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.manifest.metadata.name.as_deref().unwrap_or_default()
    }

    /// Counts a pod here.
    pub(super) fn assume(&mut self, footprint: &Footprint) {
        self.requested.add(&footprint.requests);
        self.pods += 1;
    }

    /// Why the node is not for this pod, in the words of kube-scheduler; the first plugin that objects speaks.
    pub(super) fn refuses(&self, pod: &PodManifest, footprint: &Footprint) -> Option<String> {
        let spec = pod.spec.as_ref();
        let tolerations = spec.and_then(|spec| spec.tolerations.as_deref()).unwrap_or_default();
        let node = self.manifest.spec.as_ref();
        let cordon = Taint {
            key: "node.kubernetes.io/unschedulable".to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        };
        if node.and_then(|node| node.unschedulable) == Some(true) && !tolerated(&cordon, tolerations) {
            return Some("node(s) were unschedulable".to_owned());
        }
        let taints = node.and_then(|node| node.taints.as_deref()).unwrap_or_default();
        let repelling = |taint: &&Taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute");
        if taints.iter().filter(repelling).any(|taint| !tolerated(taint, tolerations)) {
            return Some("node(s) had untolerated taint(s)".to_owned());
        }
        if !self.is_selected_by(pod) {
            return Some("node(s) didn't match Pod's node affinity/selector".to_owned());
        }
        if self.pods >= self.pods_allowed {
            return Some("Too many pods".to_owned());
        }
        self.allocatable
            .first_lacking(&self.requested, &footprint.requests)
            .map(|(resource, _, _)| format!("Insufficient {resource}"))
    }

    fn is_selected_by(&self, pod: &PodManifest) -> bool {
        let Some(spec) = &pod.spec else { return true };
        let selected = spec.node_selector.iter().flatten().all(|(key, value)| self.label(key) == Some(value.as_str()));
        let required = spec
            .affinity
            .as_ref()
            .and_then(|affinity| affinity.node_affinity.as_ref())
            .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
        selected && required.is_none_or(|required| required.node_selector_terms.iter().any(|term| self.matches(term)))
    }

    fn matches(&self, term: &NodeSelectorTerm) -> bool {
        let expressions = term.match_expressions.as_deref().unwrap_or_default();
        let fields = term.match_fields.as_deref().unwrap_or_default();
        // A term without any requirement matches no node.
        !(expressions.is_empty() && fields.is_empty())
            && expressions.iter().all(|wanted| holds(wanted, self.label(&wanted.key)))
            && fields.iter().all(|wanted| wanted.key == "metadata.name" && holds(wanted, Some(self.name())))
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.manifest.metadata.labels.as_ref()?.get(key).map(String::as_str)
    }
}

fn holds(wanted: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = wanted.values.as_deref().unwrap_or_default();
    let listed = || value.is_some_and(|value| values.iter().any(|one| one == value));
    let number = |text: &str| text.parse::<i64>().ok();
    let numbers = || Some((number(value?)?, number(values.first()?)?));
    match wanted.operator.as_str() {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => numbers().is_some_and(|(own, other)| own > other),
        "Lt" => numbers().is_some_and(|(own, other)| own < other),
        _ => false,
    }
}

fn tolerated(taint: &Taint, tolerations: &[Toleration]) -> bool {
    let is =
        |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == own);
    tolerations.iter().any(|toleration| {
        is(&toleration.effect, &taint.effect)
            && is(&toleration.key, &taint.key)
            && (toleration.operator.as_deref() == Some("Exists")
                || toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default())
    })
}

#[cfg(test)]
#[path = "tests/in_tree.rs"]
mod tests;
