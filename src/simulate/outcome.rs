//! The outcome of a simulation.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::replay::CycleOutcome;
use crate::extender::Record;
use crate::model::{JobId, Millicores, NodeName, Pe, Pod, PodRequests, PodUid, Reason, RiskRecord, keys, rounded};
use crate::placement::limit_risk;
use crate::risk::AddedDemand;
use crate::state::{Cluster, NodeIndex};

/// The outcome of a simulation. `docs/simulate.md` documents the JSON form; fields are only added.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimulationOutcome {
    /// The PEs of the workload, in the order in which they were scheduled.
    pub placements: Vec<SimulatedPe>,
    /// Every job with a PE in the cluster or in the workload, by name.
    pub jobs: Vec<SimulatedJob>,
    /// Every node, by name.
    pub nodes: Vec<SimulatedNode>,
    /// Why gangs have no plan, by job.
    #[serde(skip)]
    pub conflicts: BTreeMap<String, String>,
    /// The chart of the outcome.
    #[serde(skip)]
    pub chart: Chart,
}

/// One PE of the workload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimulatedPe {
    /// Namespace and name of its pod.
    pub pod: String,
    /// The node; `None` where the PE is pending.
    pub node: Option<NodeName>,
    /// The score of the node, from 0 to 1; 0 where the PE is pending or was bound before.
    pub score: f64,
    /// How many nodes were rejected, by reason.
    pub reasons: BTreeMap<ReasonCode, usize>,
    /// The record of the placement.
    pub record: Option<PlacementRecord>,
}

/// The record of a placement.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PlacementRecord {
    /// A record that the simulation made.
    Made(Box<Record>),
    /// The record of a pod that was bound before.
    Found(Value),
}

/// A reason code, which serializes as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReasonCode(pub Reason);

impl Serialize for ReasonCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

/// One job.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedJob {
    /// Namespace, name and generation.
    pub job: String,
    /// How many PEs of the job are on a node.
    pub placed: usize,
    /// How many PEs the job has.
    pub of: usize,
    /// The share of the declared traffic between placed PEs that leaves a node, from 0 to 1.
    pub cut_traffic: f64,
    /// The parallel regions of the job by name, each with its number of channels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parallel_regions: BTreeMap<String, NonZeroU32>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedNode {
    /// The name of the node.
    pub node: NodeName,
    /// How many PEs are on the node at the end.
    pub pes: usize,
    /// The CPU requests of all pods on the node, as a quantity.
    pub cpu_requested: String,
    /// The risk of oversubscription of the node, from 0 to 1: by demand where demand is known, else by limits.
    pub risk: f64,
    /// The parts of the risk by demand; absent where no demand is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demand: Option<RiskRecord>,
}

/// A chart of nodes, PEs and the traffic between PEs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// Every node, by name.
    pub nodes: Vec<ChartNode>,
    /// Every job, by name.
    pub jobs: Vec<String>,
    /// Every PE: placed PEs node by node, then pending PEs in the order in which they were scheduled.
    pub pes: Vec<ChartPe>,
    /// The declared traffic between PEs.
    pub edges: Vec<TrafficEdge>,
}

/// A node of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartNode {
    /// The name of the node.
    pub name: NodeName,
    /// The zone of the node; empty where the node names none.
    pub zone: String,
    /// False where the node is cordoned, not ready or being deleted.
    pub schedulable: bool,
    /// The CPU requests of all pods on the node.
    pub cpu_requested: Millicores,
    /// The allocatable CPU of the node.
    pub cpu_allocatable: Millicores,
    /// How many pods on the node are no PEs.
    pub other_pods: usize,
}

/// A PE of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartPe {
    /// Namespace and name of its pod.
    pub pod: String,
    /// The name of the PE within the job.
    pub name: Arc<str>,
    /// The job: an index in [`Chart::jobs`].
    pub job: usize,
    /// The node: an index in [`Chart::nodes`]; `None` where the PE is pending.
    pub node: Option<usize>,
    /// How many nodes were rejected, by reason; empty where the PE is placed.
    pub rejected: BTreeMap<ReasonCode, usize>,
}

/// The declared traffic from one PE to another; both are indexes in [`Chart::pes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficEdge {
    /// The PE that sends.
    pub from: usize,
    /// The PE that receives.
    pub to: usize,
    /// Bytes a second.
    pub rate: u64,
}

/// The node label that names a zone.
const ZONE: &str = "topology.kubernetes.io/zone";

impl SimulationOutcome {
    /// Collects the outcome once every pod has been scheduled.
    pub(super) fn new(cluster: &Cluster, workload: &[Pod], mut decided: BTreeMap<PodUid, CycleOutcome>) -> Self {
        let chart = Chart::new(cluster, workload, &decided);
        let of_gang = |(uid, decided): (&PodUid, &CycleOutcome)| {
            let (_, pe) = cluster.pod(uid.as_str())?;
            Some((pe?.job.to_string(), decided.conflict.as_ref()?.to_string()))
        };
        let conflicts = decided.iter().filter_map(of_gang).collect();
        let placements = workload.iter().map(|pod| SimulatedPe::new(pod, decided.remove(&pod.key.uid))).collect();
        let snapshot = cluster.snapshot();
        let regions = snapshot.jobs().filter_map(|(id, state)| {
            let regions = state.members.first()?.pe.parallel_regions(snapshot.declared());
            Some((id.to_string(), regions))
        });
        let mut regions: BTreeMap<String, _> = regions.collect();
        let jobs = chart.jobs.iter().enumerate().map(|(at, job)| SimulatedJob {
            parallel_regions: regions.remove(job).unwrap_or_default(),
            ..chart.job(at, job)
        });
        let jobs = jobs.collect();
        let nodes = nodes_by_name(cluster).into_iter().filter_map(|index| {
            let (info, state) = snapshot.info(index)?;
            let nothing = AddedDemand::nothing();
            let by_limits = || limit_risk(&info.occupancy, &PodRequests::default());
            Some(SimulatedNode {
                node: state.name.clone(),
                pes: state.pes.len(),
                cpu_requested: state.requested.cpu.to_string(),
                risk: rounded(snapshot.risk_with(&nothing, index).unwrap_or_else(by_limits)),
                demand: snapshot.explain_risk_with(&nothing, index).as_ref().map(RiskRecord::from),
            })
        });
        Self { placements, jobs, nodes: nodes.collect(), conflicts, chart }
    }

    /// True where every PE of the workload is on a node.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.placements.iter().all(|placement| placement.node.is_some())
    }
}

impl SimulatedPe {
    fn new(pod: &Pod, decided: Option<CycleOutcome>) -> Self {
        let found = || serde_json::from_str(pod.annotations.get(keys::PLACEMENT)?).ok();
        let CycleOutcome { placed, score, rejected, .. } = decided.unwrap_or_default();
        let (node, record) = match (placed, &pod.node) {
            (Some((node, record)), _) => (Some(node), Some(PlacementRecord::Made(Box::new(record)))),
            (None, Some(node)) => (Some(node.clone()), found().map(PlacementRecord::Found)),
            (None, None) => (None, None),
        };
        let score = if node.is_some() { rounded(score) } else { 0.0 };
        Self { pod: pod.key.to_string(), node, score, reasons: by_code(&rejected), record }
    }
}

impl Chart {
    fn new(cluster: &Cluster, workload: &[Pod], decided: &BTreeMap<PodUid, CycleOutcome>) -> Self {
        let mut chart = Self::default();
        let mut pes: Vec<(&Arc<Pe>, Option<usize>)> = Vec::new();
        let snapshot = cluster.snapshot();
        for state in nodes_by_name(cluster).into_iter().filter_map(|index| snapshot.node(index)) {
            let Some(node) = &state.node else { continue };
            let mut here: Vec<&Arc<Pe>> = state.pes.iter().collect();
            here.sort_by(|left, right| (&left.job, &left.pod.key).cmp(&(&right.job, &right.pod.key)));
            pes.extend(here.into_iter().map(|pe| (pe, Some(chart.nodes.len()))));
            chart.nodes.push(ChartNode {
                name: state.name.clone(),
                zone: node.labels.get(ZONE).unwrap_or_default().to_owned(),
                schedulable: node.schedulable,
                cpu_requested: state.requested.cpu,
                cpu_allocatable: node.allocatable.cpu,
                other_pods: usize::try_from(state.pods).unwrap_or(usize::MAX).saturating_sub(state.pes.len()),
            });
        }
        let is_placed = |uid: &PodUid| decided.get(uid).is_some_and(|decided| decided.placed.is_some());
        let pending = workload.iter().filter(|pod| pod.node.is_none() && !is_placed(&pod.key.uid));
        pes.extend(pending.filter_map(|pod| Some((cluster.pod(pod.key.uid.as_str())?.1?, None))));

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
                rejected: decided.get(&pe.pod.key.uid).map(|decided| by_code(&decided.rejected)).unwrap_or_default(),
            })
            .collect();
        chart
    }

    fn job(&self, at: usize, job: &str) -> SimulatedJob {
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
        SimulatedJob {
            job: job.to_owned(),
            placed: pes().filter(|pe| pe.node.is_some()).count(),
            of: pes().count(),
            cut_traffic: rounded(share),
            parallel_regions: BTreeMap::new(),
        }
    }

    /// True where traffic leaves a node; `None` where one of the two PEs is pending.
    #[must_use]
    pub fn is_cut(&self, edge: TrafficEdge) -> Option<bool> {
        Some(self.pes.get(edge.from)?.node? != self.pes.get(edge.to)?.node?)
    }
}

/// The declared traffic among PEs. A name that several PEs of a job share names each of them.
fn edges(pes: &[(&Arc<Pe>, Option<usize>)]) -> Vec<TrafficEdge> {
    let mut by_name: BTreeMap<(&JobId, &str), Vec<usize>> = BTreeMap::new();
    for (at, (pe, _)) in pes.iter().enumerate() {
        by_name.entry((&pe.job, &*pe.name)).or_default().push(at);
    }
    let mut edges = Vec::new();
    for (from, (pe, _)) in pes.iter().enumerate() {
        for connection in pe.spec.iter().flat_map(|spec| &spec.connects_to) {
            let ends = by_name.get(&(&pe.job, &*connection.to)).into_iter().flatten();
            edges.extend(ends.filter(|to| **to != from).map(|to| TrafficEdge { from, to: *to, rate: connection.rate }));
        }
    }
    edges
}

/// Every node, by name.
fn nodes_by_name(cluster: &Cluster) -> Vec<NodeIndex> {
    let mut nodes: Vec<(&NodeName, NodeIndex)> =
        cluster.snapshot().nodes().map(|(index, state, _)| (&state.name, index)).collect();
    nodes.sort_unstable();
    nodes.into_iter().map(|(_, index)| index).collect()
}

fn by_code(rejected: &BTreeMap<Reason, usize>) -> BTreeMap<ReasonCode, usize> {
    rejected.iter().map(|(reason, count)| (ReasonCode(*reason), *count)).collect()
}
