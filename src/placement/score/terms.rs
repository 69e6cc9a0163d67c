//! The terms of a score.

use std::sync::Arc;

use super::job_spread::JobSpread;
use super::limit_risk::{limit_risk, ratio};
use super::traffic::{DeclaredTraffic, TrafficLocality};
use crate::model::{Pe, PlacementSpec};
use crate::state::{NodeIndex, NodeInfo, Snapshot};

/// The terms of the score of a node for one PE.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScoreTerms {
    /// PEs of all jobs on the node, this one included, per core.
    pub crowding: f64,
    /// PEs of the same job on the node, this one included, per core.
    pub job_crowding: f64,
    /// PEs of all jobs on the node, without this one.
    pub pes: usize,
    /// PEs of the same job on the node, without this one.
    pub pes_of_job: usize,
    /// The share of the allocatable CPU that is requested, this PE included; above 1 where the node is overcommitted.
    pub fullness: f64,
    /// Risk by limits, from 0 to 1.
    pub risk: f64,
    /// The share of the PE's declared traffic that stays local; `None` where the PE declares no traffic.
    pub locality: Option<TrafficLocality>,
}

/// `PreScore`: the facts about one PE in one snapshot that scores read, looked up once for all nodes.
#[derive(Clone, Debug)]
pub(in crate::placement) struct PreScoreState {
    pe: Arc<Pe>,
    spread: JobSpread,
    traffic: DeclaredTraffic,
}

impl PreScoreState {
    /// Looks up the facts about `pe`.
    pub(in crate::placement) fn new(pe: &Arc<Pe>, spec: &PlacementSpec, snapshot: &Snapshot) -> Self {
        let job = snapshot.job(&pe.job);
        Self { pe: Arc::clone(pe), spread: JobSpread::new(job), traffic: DeclaredTraffic::new(pe, spec, job, snapshot) }
    }

    /// The facts about `pe` without its job.
    pub(in crate::placement) fn outside_job(pe: &Arc<Pe>) -> Self {
        Self { pe: Arc::clone(pe), spread: JobSpread::default(), traffic: DeclaredTraffic::default() }
    }

    /// The terms of a node.
    pub(in crate::placement) fn terms(&self, node: NodeIndex, info: &NodeInfo) -> ScoreTerms {
        let (pes, pes_of_job) = (info.pes, self.spread.on_node(node));
        let cpu = info.occupancy.allocatable.cpu.0;
        let per_core = |pes: usize| ratio(u64::try_from(pes).unwrap_or(u64::MAX), cpu) * 1_000.0;
        let requested = info.occupancy.requested.cpu.0.saturating_add(self.pe.pod.resources.requests.cpu.0);
        ScoreTerms {
            crowding: per_core(pes + 1),
            job_crowding: per_core(pes_of_job + 1),
            pes,
            pes_of_job,
            fullness: ratio(requested, cpu),
            risk: limit_risk(&info.occupancy, &self.pe.pod.resources),
            locality: (!self.traffic.is_empty()).then(|| self.traffic.locality(node, &info.node)),
        }
    }
}
