//! The terms of a score.

use std::sync::Arc;

use super::job_spread::JobSpread;
use super::limit_risk::{limit_risk, ratio};
use super::traffic::{DeclaredTraffic, TrafficLocality};
use crate::model::{Pe, PlacementSpec};
use crate::risk::{AddedDemand, JobSums};
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
    /// The risk of oversubscription, this PE included, from 0 to 1: by demand where demand is known, else by limits.
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
    /// What the PE adds to the demand on a node; `None` where no demand is known.
    added: Option<AddedDemand>,
}

impl PreScoreState {
    /// Looks up the facts about `pe`.
    pub(in crate::placement) fn new(pe: &Arc<Pe>, spec: &PlacementSpec, snapshot: &Snapshot) -> Self {
        let job = snapshot.job(&pe.job);
        Self {
            pe: Arc::clone(pe),
            spread: JobSpread::new(job),
            traffic: DeclaredTraffic::new(pe, spec, job, snapshot),
            added: added_by(pe, snapshot),
        }
    }

    /// The facts about `pe` without its job and without demand.
    pub(in crate::placement) fn outside_job(pe: &Arc<Pe>) -> Self {
        let (spread, traffic) = (JobSpread::default(), DeclaredTraffic::default());
        Self { pe: Arc::clone(pe), spread, traffic, added: None }
    }

    /// The terms of a node.
    pub(in crate::placement) fn terms(&self, node: NodeIndex, info: &NodeInfo, snapshot: &Snapshot) -> ScoreTerms {
        let by_demand = self.added.as_ref().and_then(|added| snapshot.risk_with(added, node));
        let risk = by_demand.unwrap_or_else(|| limit_risk(&info.occupancy, &self.pe.pod.resources));
        ScoreTerms { risk, ..self.terms_without_risk(node, info) }
    }

    /// The terms of a node, as if there were no risk.
    pub(in crate::placement) fn terms_without_risk(&self, node: NodeIndex, info: &NodeInfo) -> ScoreTerms {
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
            risk: 0.0,
            locality: (!self.traffic.is_empty()).then(|| self.traffic.locality(node, &info.node)),
        }
    }
}

/// What a PE adds to the demand on a node; `None` where no demand is known.
pub(in crate::placement) fn added_by(pe: &Arc<Pe>, snapshot: &Snapshot) -> Option<AddedDemand> {
    let demand = snapshot.pod_demand(&pe.pod, Some(pe))?;
    Some(AddedDemand::new(JobSums::of_pe(&demand)?))
}
