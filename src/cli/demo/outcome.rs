//! The account of one run: what the report shows and what `-o json` prints.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::checks::Check;
use super::servers::Addresses;
use crate::model::{HostChoice, Pe};

/// The account of one run. Fields are only added, never renamed, while `version` stays.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DemoOutcome {
    /// The version of this form: 1.
    pub(super) version: u8,
    /// The nodes, by name, with what is on them at the end.
    pub(super) nodes: Vec<NodeOutcome>,
    /// How many PEs were asked for.
    pub(super) pes: usize,
    /// How many PEs are on a node.
    pub(super) placed: usize,
    /// The jobs, in the order in which they came.
    pub(super) jobs: Vec<JobOutcome>,
    /// Pods that no policy governs; Outrigger leaves them alone.
    pub(super) not_ours: Vec<String>,
    /// Pods that were denied at admission, and why.
    pub(super) denied: BTreeMap<String, String>,
    /// What admission changed in one of the pods.
    pub(super) injection: Option<Injection>,
    /// What was checked again at the end, from the pods alone.
    pub(super) checks: Vec<Check>,
    /// Where the servers listened while it ran.
    pub(super) servers: Addresses,
    /// How often each path was asked.
    pub(super) requests: BTreeMap<String, usize>,
    /// What `/metrics` answered at the end, in the text format of Prometheus.
    pub(super) metrics: String,
    /// From the first review to the last answer.
    pub(super) seconds: f64,
}

/// One node.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeOutcome {
    /// Its name.
    pub(super) node: String,
    /// Its zone.
    pub(super) zone: String,
    /// False where it is cordoned or not ready.
    pub(super) schedulable: bool,
    /// Pods that are here and were before: PEs of other jobs, and pods of no policy.
    pub(super) other_pods: usize,
}

/// One job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobOutcome {
    /// Namespace, name and generation.
    pub(super) job: String,
    /// The policy that governs its first PE.
    pub(super) policy: String,
    /// How nodes that pass are ranked.
    pub(super) scheme: &'static str,
    /// Its PEs, in the order in which they were created.
    pub(super) pes: Vec<PeOutcome>,
}

/// One PE.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeOutcome {
    /// Its name within the job.
    pub(super) pe: String,
    /// Namespace and name of its pod.
    pub(super) pod: String,
    /// Where it is; null where it waits.
    pub(super) node: Option<String>,
    /// The zone of that node.
    pub(super) zone: Option<String>,
    /// Its placement constraints, in words.
    #[serde(rename = "wishes")]
    pub(super) spec: Vec<String>,
    /// Warnings of admission.
    pub(super) warnings: Vec<String>,
    /// How many scheduling cycles it took; what follows is of the last one.
    pub(super) cycles: usize,
    /// Nodes that kube-scheduler's own filters rejected, by the message.
    #[serde(rename = "refusedInTree")]
    pub(super) rejected_in_tree: BTreeMap<String, usize>,
    /// How many nodes they left.
    pub(super) asked: usize,
    /// Nodes that Outrigger rejected, by reason code.
    #[serde(rename = "refused")]
    pub(super) rejected: BTreeMap<String, usize>,
    /// How many nodes it left.
    pub(super) left: usize,
    /// The best nodes, with their scores as kube-scheduler weighs them; empty where no choice was left.
    pub(super) scores: Vec<Score>,
    /// The event `FailedScheduling`, or what failed, where it waits.
    pub(super) message: Option<String>,
    /// The record that the Binding wrote onto the pod, where it is placed.
    pub(super) record: Option<Value>,
}

/// The score of one node.
#[derive(Debug, Serialize)]
pub(super) struct Score {
    /// The node.
    pub(super) node: String,
    /// What kube-scheduler makes of the answer of prioritize.
    pub(super) score: i64,
}

/// What admission changed in one pod.
#[derive(Debug, Serialize)]
pub(super) struct Injection {
    /// Namespace and name.
    pub(super) pod: String,
    /// How many operations the patch has.
    pub(super) operations: usize,
    /// The pod as it was submitted.
    pub(super) before: Value,
    /// The pod as it was stored.
    pub(super) after: Value,
}

impl DemoOutcome {
    /// The PEs that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&JobOutcome, &PeOutcome)> {
        self.pes().filter(|(_, pe)| pe.node.is_none())
    }

    /// All PEs, with their jobs.
    pub(super) fn pes(&self) -> impl Iterator<Item = (&JobOutcome, &PeOutcome)> {
        self.jobs.iter().flat_map(|job| job.pes.iter().map(move |pe| (job, pe)))
    }
}

/// The wishes of a PE in words; those that cannot be read, too.
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
