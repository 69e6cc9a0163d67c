//! The outcome of a run, for the report and for `-o json`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::checks::Check;
use super::servers::Addresses;
use crate::model::{HostChoice, Pe};

/// The outcome of a run. A version may gain fields and renames none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DemoOutcome {
    /// The version of the document: 1.
    pub(super) version: u8,
    /// The nodes at the end, by name.
    pub(super) nodes: Vec<DemoNode>,
    /// The number of PEs.
    pub(super) pes: usize,
    /// The number of PEs on a node.
    pub(super) placed: usize,
    /// The jobs, in the order of creation.
    pub(super) jobs: Vec<DemoJob>,
    /// Pods that no policy governs.
    pub(super) not_ours: Vec<String>,
    /// Pods that admission denied, with the message.
    pub(super) denied: BTreeMap<String, String>,
    /// The changes of admission to one pod.
    pub(super) injection: Option<Injection>,
    /// The checks of the rules at the end.
    pub(super) checks: Vec<Check>,
    /// The addresses of the servers.
    pub(super) servers: Addresses,
    /// The number of requests by path.
    pub(super) requests: BTreeMap<String, usize>,
    /// The answer of `/metrics` at the end, in the text format of Prometheus.
    pub(super) metrics: String,
    /// Seconds from the first review to the last answer.
    pub(super) seconds: f64,
}

/// One node.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DemoNode {
    /// Its name.
    pub(super) node: String,
    /// Its zone.
    pub(super) zone: String,
    /// False where the node is cordoned or not ready.
    pub(super) schedulable: bool,
    /// Pods on the node that the demo did not create.
    pub(super) other_pods: usize,
}

/// One job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DemoJob {
    /// Namespace, name and generation.
    pub(super) job: String,
    /// The policy of the first PE.
    pub(super) policy: String,
    /// The scoring strategy.
    pub(super) scheme: &'static str,
    /// The PEs, in the order of creation.
    pub(super) pes: Vec<DemoPe>,
}

/// One PE.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DemoPe {
    /// The name within the job.
    pub(super) pe: String,
    /// Namespace and name of the pod.
    pub(super) pod: String,
    /// The node; null where the PE waits.
    pub(super) node: Option<String>,
    /// The zone of the node.
    pub(super) zone: Option<String>,
    /// The placement constraints, in words.
    #[serde(rename = "wishes")]
    pub(super) spec: Vec<String>,
    /// Warnings of admission.
    pub(super) warnings: Vec<String>,
    /// The number of scheduling cycles. The fields below are of the last cycle.
    pub(super) cycles: usize,
    /// Nodes that kube-scheduler's own filters rejected, by the message.
    #[serde(rename = "refusedInTree")]
    pub(super) rejected_in_tree: BTreeMap<String, usize>,
    /// How many nodes these filters left.
    pub(super) asked: usize,
    /// Nodes that Outrigger rejected, by reason code.
    #[serde(rename = "refused")]
    pub(super) rejected: BTreeMap<String, usize>,
    /// How many nodes Outrigger left.
    pub(super) left: usize,
    /// The best nodes with their weighted scores; empty where fewer than two nodes were left.
    pub(super) scores: Vec<Score>,
    /// The event `FailedScheduling` or the failure, where the PE waits.
    pub(super) message: Option<String>,
    /// The record in the annotation of the pod, where the PE is placed.
    pub(super) record: Option<Value>,
}

/// The score of one node.
#[derive(Debug, Serialize)]
pub(super) struct Score {
    /// The node.
    pub(super) node: String,
    /// The score of prioritize, weighted as kube-scheduler does.
    pub(super) score: i64,
}

/// The changes of admission to one pod.
#[derive(Debug, Serialize)]
pub(super) struct Injection {
    /// Namespace and name.
    pub(super) pod: String,
    /// The number of operations in the patch.
    pub(super) operations: usize,
    /// The pod as it was submitted.
    pub(super) before: Value,
    /// The pod as it was stored.
    pub(super) after: Value,
}

impl DemoOutcome {
    /// The PEs without a node.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&DemoJob, &DemoPe)> {
        self.pes().filter(|(_, pe)| pe.node.is_none())
    }

    /// Every PE with its job.
    pub(super) fn pes(&self) -> impl Iterator<Item = (&DemoJob, &DemoPe)> {
        self.jobs.iter().flat_map(|job| job.pes.iter().map(move |pe| (job, pe)))
    }
}

/// The placement constraints of a PE in words, or why they are invalid.
pub(super) fn spec(pe: &Pe) -> Vec<String> {
    let spec = match &pe.spec {
        Ok(spec) => spec,
        Err(invalid_spec) => return vec![invalid_spec.to_string()],
    };
    let list = |what: &str, names: Vec<&str>| (!names.is_empty()).then(|| format!("{what} {}", names.join(",")));
    let hosts = match &spec.hosts {
        HostChoice::Any => None,
        HostChoice::Pool(pool) => Some(format!("pool {}", pool.name)),
        HostChoice::Tags(tags) => list("tags", tags.iter().map(crate::model::Tag::as_str).collect()),
    };
    let colocation = list("colocation", spec.colocation.iter().map(crate::model::Token::as_str).collect());
    let exlocation = list("exlocation", spec.exlocation.iter().map(crate::model::Token::as_str).collect());
    let only = list("hosts", spec.only.iter().map(|host| &**host).collect());
    let isolated = spec.isolation.map(|_| "isolated".to_owned());
    [hosts, only, colocation, exlocation, isolated].into_iter().flatten().collect()
}
