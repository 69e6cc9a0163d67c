//! The fake kube-scheduler: the scheduling cycle of one pod.
//!
//! Unlike the real kube-scheduler, it waits for the answer of bind before the next cycle, so that two runs are equal. It does
//! not preempt.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod as PodManifest;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::api_server::{ApiServer, project};
use super::client::Client;
use super::configuration::Configuration;
use super::in_tree::InTreeNode;
use crate::cli::CommandError;
use crate::model::{Node, Pod, keys};

/// The fake kube-scheduler.
#[derive(Debug)]
pub(super) struct Scheduler<'a> {
    pub(super) client: &'a Client,
    pub(super) api: &'a ApiServer,
    pub(super) configuration: &'a Configuration,
    /// The address of the extender; a verb follows.
    pub(super) extender: &'a str,
    /// The nodes, as manifests and as the model has them.
    pub(super) nodes: &'a [(Value, Node)],
}

/// The result of one scheduling cycle.
#[derive(Clone, Debug, Default)]
pub(super) struct Cycle {
    /// Nodes that kube-scheduler's own filters rejected, by the message.
    pub(super) rejected_in_tree: BTreeMap<String, usize>,
    /// How many nodes these filters left for the extender.
    pub(super) asked: usize,
    /// Nodes that the extender rejected, by reason code.
    pub(super) rejected: BTreeMap<String, usize>,
    /// How many nodes the extender left.
    pub(super) left: usize,
    /// The weighted scores of the nodes, best first; empty where fewer than two nodes were left.
    pub(super) scores: Vec<(String, i64)>,
    /// How the cycle ended.
    pub(super) end: End,
}

/// How a scheduling cycle ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    /// The cycle has not ended.
    #[default]
    Open,
    /// The pod is on this node.
    Bound(String),
    /// No node was left; the event says why.
    Unschedulable(String),
    /// The extender could not answer or did not bind; kube-scheduler tries the pod again.
    Failed(String),
}

impl Cycle {
    fn count_by_record(&mut self, rejected: &BTreeMap<String, usize>) {
        self.left = self.asked.saturating_sub(rejected.values().sum());
        self.rejected.clone_from(rejected);
    }
}

impl Scheduler<'_> {
    /// One scheduling cycle for one pod, with its binding.
    pub(super) async fn schedule(&self, pod: &Value) -> Result<Cycle, CommandError> {
        let manifest = PodManifest::deserialize(pod).map_err(CommandError::failed)?;
        let projected = project(pod).map_err(CommandError::failed)?;
        let mut cycle = Cycle::default();
        let feasible = self.filter_in_tree(&projected, &mut cycle)?;
        let feasible = if feasible.is_empty() { feasible } else { self.filter(pod, feasible, &mut cycle).await? };
        if let End::Failed(_) = cycle.end {
            return Ok(cycle);
        }
        let node = match feasible.as_slice() {
            [] => {
                let message = self.event(&cycle);
                self.api.unschedulable(pod, &message).map_err(CommandError::failed)?;
                cycle.end = End::Unschedulable(message);
                return Ok(cycle);
            }
            // With one node left, kube-scheduler asks for no scores.
            [only] => only.clone(),
            _ => self.best(pod, &feasible, &mut cycle).await?,
        };
        cycle.end = self.bind(&manifest, &node).await?;
        if matches!(cycle.end, End::Bound(_)) && cycle.rejected.is_empty() {
            cycle.count_by_record(&self.record(&manifest));
        }
        Ok(cycle)
    }

    /// The nodes that were rejected, by reason, as the record on a pod has them: where filter names the best node alone,
    /// its answer rejects no other.
    fn record(&self, pod: &PodManifest) -> BTreeMap<String, usize> {
        let metadata = &pod.metadata;
        let [namespace, name] = [&metadata.namespace, &metadata.name].map(|text| text.as_deref().unwrap_or_default());
        let pod = self.api.pod(namespace, name);
        let annotations = pod.as_ref().and_then(|pod| pod.pointer("/metadata/annotations")?.as_object());
        let record = annotations.and_then(|annotations| annotations.get(keys::PLACEMENT)?.as_str());
        let record: Option<Value> = record.and_then(|record| serde_json::from_str(record).ok());
        let rejected = record.as_ref().and_then(|record| record.get("refused"));
        rejected.and_then(|rejected| serde_json::from_value(rejected.clone()).ok()).unwrap_or_default()
    }

    fn filter_in_tree(&self, pod: &Pod, cycle: &mut Cycle) -> Result<Vec<String>, CommandError> {
        let mut feasible = Vec::new();
        for node in self.cache()?.values() {
            match node.refuses(pod) {
                None => feasible.push(node.name().to_owned()),
                Some(words) => *cycle.rejected_in_tree.entry(words).or_default() += 1,
            }
        }
        cycle.asked = feasible.len();
        Ok(feasible)
    }

    /// The cache of kube-scheduler: the nodes with the requests of their pods.
    fn cache(&self) -> Result<BTreeMap<&str, InTreeNode<'_>>, CommandError> {
        let mut cache = BTreeMap::new();
        for (manifest, node) in self.nodes {
            let info = InTreeNode::new(manifest, node);
            cache.insert(info.name(), info);
        }
        for pod in self.api.pods() {
            let pod = project(&pod).map_err(CommandError::failed)?;
            if pod.phase == crate::model::PodPhase::Finished {
                continue;
            }
            if let Some(info) = pod.node.as_ref().and_then(|node| cache.get_mut(node.as_str())) {
                info.assume(&pod);
            }
        }
        Ok(cache)
    }

    async fn filter(&self, pod: &Value, feasible: Vec<String>, cycle: &mut Cycle) -> Result<Vec<String>, CommandError> {
        let verb = &self.configuration.extender.filter_verb;
        let answer: FilterResult = self.ask(verb, &json!({"Pod": pod, "Nodes": null, "NodeNames": feasible})).await?;
        if let Some(problem) = answer.error.filter(|problem| !problem.is_empty()) {
            cycle.end = End::Failed(format!("{verb}: {problem}"));
            return Ok(Vec::new());
        }
        let left = answer.node_names.unwrap_or_default();
        if let Some(unknown) = left.iter().find(|name| !feasible.contains(name)) {
            cycle.end =
                End::Failed(format!("{verb}: the extender claims a node that it was not asked about: {unknown}"));
            return Ok(Vec::new());
        }
        for reason in answer.failed.into_iter().chain(answer.unresolvable).flat_map(BTreeMap::into_values) {
            *cycle.rejected.entry(reason).or_default() += 1;
        }
        cycle.left = left.len();
        Ok(left)
    }

    /// The node with the highest score. Scores of plugins are left out: they are equal for pods without preferences.
    async fn best(&self, pod: &Value, feasible: &[String], cycle: &mut Cycle) -> Result<String, CommandError> {
        /// Scores of plugins go up to 100, scores of extenders up to 10.
        const SCALE: i64 = 100 / 10;
        let verb = &self.configuration.extender.prioritize_verb;
        let answer: Vec<HostPriority> =
            self.ask(verb, &json!({"Pod": pod, "Nodes": null, "NodeNames": feasible})).await?;
        let weight = self.configuration.extender.weight.saturating_mul(SCALE);
        let score = |name: &String| {
            let found = answer.iter().find(|priority| priority.host == *name).map_or(0, |priority| priority.score);
            (name.clone(), found.saturating_mul(weight))
        };
        let mut scores: Vec<(String, i64)> = feasible.iter().map(score).collect();
        scores.sort_by(|(left, left_score), (right, right_score)| right_score.cmp(left_score).then(left.cmp(right)));
        let best = scores.first().map(|(name, _)| name.clone()).unwrap_or_default();
        cycle.scores = scores;
        Ok(best)
    }

    async fn bind(&self, pod: &PodManifest, node: &str) -> Result<End, CommandError> {
        let verb = &self.configuration.extender.bind_verb;
        let metadata = &pod.metadata;
        let question = json!({
            "PodName": metadata.name,
            "PodNamespace": metadata.namespace,
            "PodUID": metadata.uid,
            "Node": node,
        });
        let answer: BindingResult = self.ask(verb, &question).await?;
        Ok(match answer.error.filter(|problem| !problem.is_empty()) {
            None => End::Bound(node.to_owned()),
            Some(problem) => End::Failed(format!("{verb}: {problem}")),
        })
    }

    async fn ask<T: serde::de::DeserializeOwned>(&self, verb: &str, question: &Value) -> Result<T, CommandError> {
        let address = format!("{}/{verb}", self.extender);
        let answer = self.client.post(&address, question, self.configuration.extender.time_limit()).await?;
        serde_json::from_value(answer).map_err(|error| CommandError::failed(format!("{address}: {error}")))
    }

    /// The text of the event `FailedScheduling`.
    fn event(&self, cycle: &Cycle) -> String {
        let reasons = cycle.rejected_in_tree.iter().chain(&cycle.rejected);
        let mut reasons: Vec<String> = reasons.map(|(reason, count)| format!("{count} {reason}")).collect();
        reasons.sort_unstable();
        format!("0/{} nodes are available: {}.", self.nodes.len(), reasons.join(", "))
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterResult {
    node_names: Option<Vec<String>>,
    #[serde(rename = "FailedNodes")]
    failed: Option<BTreeMap<String, String>>,
    #[serde(rename = "FailedAndUnresolvableNodes")]
    unresolvable: Option<BTreeMap<String, String>>,
    error: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostPriority {
    host: String,
    score: i64,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BindingResult {
    error: Option<String>,
}
