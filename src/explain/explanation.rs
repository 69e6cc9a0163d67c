//! The explanation of one pod.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The explanation of one pod. Its JSON is a public interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The version of the JSON form.
    pub version: u8,
    /// Namespace and name.
    pub pod: String,
    /// The source of the explanation.
    pub source: ExplanationSource,
    /// The state of the pod.
    pub state: PodState,
    /// The explanation in a sentence.
    pub summary: String,
    /// The policy that governs the pod; absent where no policy does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The job of the PE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The name of the PE within the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pe: Option<String>,
    /// The values of the PE's placement spec that objects declare, rather than the pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<DeclaredValue>,
    /// The fields of such objects that could not be parsed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unclear: Vec<String>,
    /// The parallel regions of the job by name, each with its number of channels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parallel_regions: BTreeMap<String, NonZeroU32>,
    /// The sidecars of the policy that the pod did not get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<WithheldExplanation>,
    /// How requests and limits were decided at the creation of the pod, where more than one source had a say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceExplanation>,
    /// The node of the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The record of the placement, as the pod's annotation holds the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Value>,
    /// The message of kube-scheduler; only where the explanation comes from the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many nodes were filtered: all nodes but the node of the pod.
    pub nodes: usize,
    /// How many nodes passed.
    pub passing: usize,
    /// How many nodes were rejected, by the first reason of each.
    #[serde(rename = "refused")]
    pub rejected: BTreeMap<String, usize>,
    /// The rejection that holds for every node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<RejectionWithRemedy>,
    /// The node of the pod, filtered now as if the pod were pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<NodeExplanation>,
    /// The nearest nodes, best first: nodes that passed, then nodes with the fewest rejections.
    pub nearest: Vec<NodeExplanation>,
}

/// A value of a placement spec that an object declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredValue {
    /// The annotation key of the value, such as `outrigger.dev/colocation`.
    pub key: String,
    /// The value.
    pub value: String,
    /// The object, such as `StreamJob streams/clicks` or `ProcessingElement.streams.ibm.com streams/app-0`.
    pub by: String,
}

/// A sidecar of the policy that the pod did not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WithheldExplanation {
    /// The name of the sidecar.
    pub sidecar: String,
    /// The reason code.
    pub reason: String,
    /// What the code says of the pod.
    pub problem: String,
    /// What to do so that the next pod gets the sidecar.
    pub remedy: String,
}

/// How the request and limit of one resource of one container were decided. Each source overrules or bounds those before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceExplanation {
    /// The name of the container.
    pub container: String,
    /// The name of the resource.
    pub resource: String,
    /// What the user or another webhook chose.
    pub user: Amounts,
    /// The static values of the policy.
    pub policy: Amounts,
    /// The request that the forecast of the PE led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<String>,
    /// What a `LimitRange` filled in or allowed.
    pub limit_range: Amounts,
    /// What the container got.
    pub result: Amounts,
}

/// A request and a limit; each absent where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// The request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// The source of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExplanationSource {
    /// The state of the extender.
    Extender,
    /// The manifest of the pod: its record and its conditions.
    Pod,
}

/// The state of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PodState {
    /// The pod is bound.
    Placed,
    /// The pod is assumed: its Binding is not watched yet.
    Placing,
    /// The pod is pending.
    Waiting,
    /// The pod is being deleted.
    Leaving,
    /// The pod has finished.
    Finished,
}

/// A node with its rejections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeExplanation {
    /// The name of the node.
    pub node: String,
    /// PEs of all jobs per core of the node, the explained PE included.
    pub crowding: f64,
    /// The risk by limits of the node with the explained PE, from 0 to 1.
    pub risk: f64,
    /// The terms in which the node is worse than the node of the pod; absent where there are none, and for pending pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// Every rejection of the node; empty where the node passed.
    pub lacks: Vec<RejectionWithRemedy>,
}

/// A rejection, and its remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectionWithRemedy {
    /// The reason code.
    pub reason: String,
    /// The rejection with its numbers.
    pub problem: String,
    /// The change that would end the rejection.
    pub remedy: String,
}
