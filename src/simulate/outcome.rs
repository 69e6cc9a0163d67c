//! What a simulation found, as plain data.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::replay::Decided;
use crate::extender::Record;
use crate::model::{JobId, Millicores, NodeName, Pe, Pod, PodRequests, PodUid, Reason, keys, rounded};
use crate::placement::limit_risk;
use crate::state::{Cluster, NodeIndex};

/// What a simulation found. Its form as JSON is documented in `docs/simulate.md`: fields are only added.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The PEs of the workload, in the order in which they were decided.
    pub placements: Vec<Placement>,
    /// Every job with a PE in the cluster or in the workload, by name.
    pub jobs: Vec<JobOutcome>,
    /// Every node, by name.
    pub nodes: Vec<NodeOutcome>,
    /// What gangs without a plan cannot meet together, in words, by their jobs.
    #[serde(skip)]
    pub conflicts: BTreeMap<String, String>,
    /// The same as a picture shows it.
    #[serde(skip)]
    pub chart: Chart,
}

/// One PE of the workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Placement {
    /// Namespace and name of its pod.
    pub pod: String,
    /// The node; `None` where it waits.
    pub node: Option<NodeName>,
    /// How good the node is for it, from 0 to 1; 0 where it waits or was bound before.
    pub score: f64,
    /// How many nodes were refused, by reason.
    pub reasons: BTreeMap<Code, usize>,
    /// The record of the placement.
    pub record: Option<PlacementRecord>,
}

/// The record of a placement.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PlacementRecord {
    /// Made here.
    Made(Box<Record>),
    /// Found on the pod, which was bound before.
    Found(Value),
}

/// A reason code as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub Reason);

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

/// One job.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobOutcome {
    /// Namespace, name and generation.
    pub job: String,
    /// How many of its PEs are on a node.
    pub placed: usize,
    /// How many PEs it has.
    pub of: usize,
    /// Share of the declared traffic between its placed PEs that leaves a node, from 0 to 1.
    pub cut_traffic: f64,
    /// Its parallel regions by name, and how many channels each has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parallel_regions: BTreeMap<String, NonZeroU32>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeOutcome {
    /// Its name.
    pub node: NodeName,
    /// How many PEs are there at the end.
    pub pes: usize,
    /// Requests of all pods there, as a quantity.
    pub cpu_requested: String,
    /// Risk by limits, from 0 to 1.
    pub risk: f64,
}

/// Nodes, PEs and the traffic between them: what a picture shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// Every node, by name.
    pub nodes: Vec<ChartNode>,
    /// Every job, by name.
    pub jobs: Vec<String>,
    /// Every PE: the placed ones node by node, then those that wait, in the order in which they were decided.
    pub pes: Vec<ChartPe>,
    /// Declared traffic between PEs.
    pub edges: Vec<Edge>,
}

/// A node of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartNode {
    /// Its name.
    pub name: NodeName,
    /// Its zone; empty where it names none.
    pub zone: String,
    /// False where it is cordoned, not ready or leaving.
    pub schedulable: bool,
    /// CPU that is requested there, of what may be.
    pub cpu: (Millicores, Millicores),
    /// Pods that are no PEs.
    pub other_pods: usize,
}

/// A PE of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartPe {
    /// Namespace and name of its pod.
    pub pod: String,
    /// Its name within the job.
    pub name: Arc<str>,
    /// Its job: a place in [`Chart::jobs`].
    pub job: usize,
    /// Its node: a place in [`Chart::nodes`]; `None` where it waits.
    pub node: Option<usize>,
    /// Refused nodes by reason, where it waits.
    pub rejected: BTreeMap<Code, usize>,
}

/// Declared traffic from one PE to another, by their places in [`Chart::pes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who sends.
    pub from: usize,
    /// Who receives.
    pub to: usize,
    /// Bytes a second.
    pub rate: u64,
}

/// The node label that names a zone.
const ZONE: &str = "topology.kubernetes.io/zone";

impl Outcome {
    /// Sums up a cluster in which everything is decided.
    pub(super) fn of(cluster: &Cluster, workload: &[Pod], mut decided: BTreeMap<PodUid, Decided>) -> Self {
        let chart = Chart::of(cluster, workload, &decided);
        let of_gang = |(uid, decided): (&PodUid, &Decided)| {
            let (_, pe) = cluster.pod(uid.as_str())?;
            Some((pe?.job.to_string(), decided.conflict.as_ref()?.to_string()))
        };
        let conflicts = decided.iter().filter_map(of_gang).collect();
        let placements = workload.iter().map(|pod| Placement::of(pod, decided.remove(&pod.key.uid))).collect();
        let snapshot = cluster.snapshot();
        let regions = snapshot.jobs().filter_map(|(id, state)| {
            let regions = state.members.first()?.pe.parallel_regions(snapshot.declared());
            Some((id.to_string(), regions))
        });
        let mut regions: BTreeMap<String, _> = regions.collect();
        let jobs = chart.jobs.iter().enumerate().map(|(at, job)| JobOutcome {
            parallel_regions: regions.remove(job).unwrap_or_default(),
            ..chart.job(at, job)
        });
        let jobs = jobs.collect();
        let nodes = by_name(cluster).into_iter().filter_map(|index| {
            let (info, state) = snapshot.info(index)?;
            Some(NodeOutcome {
                node: state.name.clone(),
                pes: state.pes.len(),
                cpu_requested: state.requested.cpu.to_string(),
                risk: rounded(limit_risk(&info.occupancy, &PodRequests::default())),
            })
        });
        Self { placements, jobs, nodes: nodes.collect(), conflicts, chart }
    }

    /// True when every PE of the workload is on a node.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.placements.iter().all(|placement| placement.node.is_some())
    }
}

impl Placement {
    fn of(pod: &Pod, decided: Option<Decided>) -> Self {
        let found = || serde_json::from_str(pod.annotations.get(keys::PLACEMENT)?).ok();
        let Decided { placed, worth, rejected, .. } = decided.unwrap_or_default();
        let (node, record) = match (placed, &pod.node) {
            (Some((node, record)), _) => (Some(node), Some(PlacementRecord::Made(Box::new(record)))),
            (None, Some(node)) => (Some(node.clone()), found().map(PlacementRecord::Found)),
            (None, None) => (None, None),
        };
        let score = if node.is_some() { rounded(worth) } else { 0.0 };
        Self { pod: pod.key.to_string(), node, score, reasons: coded(&rejected), record }
    }
}

impl Chart {
    fn of(cluster: &Cluster, workload: &[Pod], decided: &BTreeMap<PodUid, Decided>) -> Self {
        let mut chart = Self::default();
        let mut pes: Vec<(&Arc<Pe>, Option<usize>)> = Vec::new();
        let snapshot = cluster.snapshot();
        for state in by_name(cluster).into_iter().filter_map(|index| snapshot.node(index)) {
            let Some(node) = &state.node else { continue };
            let mut here: Vec<&Arc<Pe>> = state.pes.iter().collect();
            here.sort_by(|left, right| (&left.job, &left.pod.key).cmp(&(&right.job, &right.pod.key)));
            pes.extend(here.into_iter().map(|pe| (pe, Some(chart.nodes.len()))));
            chart.nodes.push(ChartNode {
                name: state.name.clone(),
                zone: node.labels.get(ZONE).unwrap_or_default().to_owned(),
                schedulable: node.schedulable,
                cpu: (state.requested.cpu, node.allocatable.cpu),
                other_pods: usize::try_from(state.pods).unwrap_or(usize::MAX).saturating_sub(state.pes.len()),
            });
        }
        let is_placed = |uid: &PodUid| decided.get(uid).is_some_and(|decided| decided.placed.is_some());
        let waiting = workload.iter().filter(|pod| pod.node.is_none() && !is_placed(&pod.key.uid));
        pes.extend(waiting.filter_map(|pod| Some((cluster.pod(pod.key.uid.as_str())?.1?, None))));

        let mut jobs: Vec<&JobId> = pes.iter().map(|(pe, _)| &pe.job).collect();
        jobs.sort_unstable();
        jobs.dedup();
        chart.jobs = jobs.iter().map(ToString::to_string).collect();
        chart.edges = edges(&pes);
        chart.pes = pes
            .into_iter()
            .map(|(pe, node)| ChartPe {
                pod: pe.pod.to_string(),
                name: Arc::clone(&pe.name),
                job: jobs.binary_search(&&pe.job).unwrap_or_default(),
                node,
                rejected: decided.get(&pe.pod.key.uid).map(|decided| coded(&decided.rejected)).unwrap_or_default(),
            })
            .collect();
        chart
    }

    fn job(&self, at: usize, job: &str) -> JobOutcome {
        let pes = || self.pes.iter().filter(|pe| pe.job == at);
        let (mut cut, mut total) = (0_u64, 0_u64);
        for edge in self.edges.iter().filter(|edge| self.pes.get(edge.from).is_some_and(|pe| pe.job == at)) {
            if let Some(is_cut) = self.is_cut(*edge) {
                total = total.saturating_add(edge.rate);
                cut = cut.saturating_add(if is_cut { edge.rate } else { 0 });
            }
        }
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a share needs far fewer than 53 bits")]
        let share = if total == 0 { 0.0 } else { cut as f64 / total as f64 };
        JobOutcome {
            job: job.to_owned(),
            placed: pes().filter(|pe| pe.node.is_some()).count(),
            of: pes().count(),
            cut_traffic: rounded(share),
            parallel_regions: BTreeMap::new(),
        }
    }

    /// Whether traffic leaves a node; `None` where an end of it waits.
    #[must_use]
    pub fn is_cut(&self, edge: Edge) -> Option<bool> {
        Some(self.pes.get(edge.from)?.node? != self.pes.get(edge.to)?.node?)
    }
}

/// Declared traffic among these PEs; a name that several PEs of a job have stands for each of them.
fn edges(pes: &[(&Arc<Pe>, Option<usize>)]) -> Vec<Edge> {
    let mut by_name: BTreeMap<(&JobId, &str), Vec<usize>> = BTreeMap::new();
    for (at, (pe, _)) in pes.iter().enumerate() {
        by_name.entry((&pe.job, &*pe.name)).or_default().push(at);
    }
    let mut edges = Vec::new();
    for (from, (pe, _)) in pes.iter().enumerate() {
        for connection in pe.spec.iter().flat_map(|spec| &spec.connects_to) {
            let ends = by_name.get(&(&pe.job, &*connection.to)).into_iter().flatten();
            edges.extend(ends.filter(|to| **to != from).map(|to| Edge { from, to: *to, rate: connection.rate }));
        }
    }
    edges
}

/// Every node that there is, by name.
fn by_name(cluster: &Cluster) -> Vec<NodeIndex> {
    let mut nodes: Vec<(&NodeName, NodeIndex)> =
        cluster.snapshot().nodes().map(|(index, state, _)| (&state.name, index)).collect();
    nodes.sort_unstable();
    nodes.into_iter().map(|(_, index)| index).collect()
}

fn coded(rejected: &BTreeMap<Reason, usize>) -> BTreeMap<Code, usize> {
    rejected.iter().map(|(reason, count)| (Code(*reason), *count)).collect()
}
