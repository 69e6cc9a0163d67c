//! What is said of one pod.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is said of one pod. Its JSON is a public interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The version of this form.
    pub version: u8,
    /// Namespace and name.
    pub pod: String,
    /// Where this comes from.
    pub source: Source,
    /// What becomes of the pod.
    pub state: State,
    /// The same in a sentence.
    pub summary: String,
    /// The policy that governs it; absent for a pod of no policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The PE within the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pe: Option<String>,
    /// The wishes of the PE that stand in objects, and not on the pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<Wish>,
    /// What was not understood of such objects, with object and field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unclear: Vec<String>,
    /// The parallel regions of its job by name, and how many channels each has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parallel_regions: BTreeMap<String, NonZeroU32>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The record of its placement, as it stands on the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Value>,
    /// What kube-scheduler says of it; only where no extender was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many nodes were looked at: all, but for the one that it is on.
    pub nodes: usize,
    /// How many of them it may go to.
    pub passing: usize,
    /// How many of them refuse it, by the first reason of each.
    #[serde(rename = "refused")]
    pub rejected: BTreeMap<String, usize>,
    /// What speaks against every node alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<RejectionWithRemedy>,
    /// The node that it is on, as it is judged today without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<Candidate>,
    /// The nodes that come nearest, best first: those that it may go to, then those that lack least.
    pub nearest: Vec<Candidate>,
}

/// A wish that an object declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wish {
    /// The key that a pod would carry: `outrigger.dev/colocation`.
    pub key: String,
    /// The value.
    pub value: String,
    /// The object: `StreamJob streams/clicks`, `ProcessingElement.streams.ibm.com streams/app-0`.
    pub by: String,
}

/// Where an explanation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// From the state that the extender decides by.
    Extender,
    /// From what the pod itself says: its record and conditions.
    Pod,
}

/// What becomes of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It has a node.
    Placed,
    /// It is bound, and the API server does not show it yet.
    Placing,
    /// It has none.
    Waiting,
    /// It is being deleted.
    Leaving,
    /// It has run to its end.
    Finished,
}

/// A node, and what it lacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Its name.
    pub node: String,
    /// PEs of all jobs there per core, the PE in question included.
    pub crowding: f64,
    /// Risk by limits with it, from 0 to 1.
    pub risk: f64,
    /// In what it is behind the node that the pod is on; absent where it is in nothing, and where the pod waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// Every rule that speaks against it; none where the pod may go there.
    pub lacks: Vec<RejectionWithRemedy>,
}

/// One rule that speaks against a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectionWithRemedy {
    /// The reason code.
    pub reason: String,
    /// The same with its numbers.
    pub problem: String,
    /// What would help.
    pub remedy: String,
}
