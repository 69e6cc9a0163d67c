//! Replays scheduling cycles: sends the requests of kube-scheduler to the extender's functions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::kube_scheduler::choose_node;
use crate::extender::bind::{BindingCycle, PendingBinding, Verified, verify_and_assume};
use crate::extender::{
    Attempt, BindingArguments, CachedCycle, CandidateNodes, LastAttempt, Record, SchedulingArguments,
    SchedulingContext, filter, prioritize,
};
use crate::model::{JobId, NodeName, Pe, Pod, PodKey, PodUid, Reason};
use crate::placement::{
    Budget, Conflict, Foresight, GangPlan, GangState, PlacementDecision, Plan, PlannedPe, UnplacedPe, gang_spec,
    mismatch, plan, plan_gang,
};
use crate::state::{Cluster, Event, NodeIndex, Snapshot};

/// The outcomes of PEs, by pod.
pub(super) type CycleOutcomes = BTreeMap<PodUid, CycleOutcome>;

/// The outcome of one PE.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CycleOutcome {
    /// The node, and the record that the Binding would carry.
    pub(super) placed: Option<(NodeName, Record)>,
    /// The score of the node, from 0 to 1.
    pub(super) score: f64,
    /// How many nodes of the cluster were rejected, by reason.
    pub(super) rejected: BTreeMap<Reason, usize>,
    /// Why the gang of the PE has no plan.
    pub(super) conflict: Option<Arc<Conflict>>,
}

/// A PE of the batch, with its pod.
struct BatchMember {
    pod: Arc<Pod>,
    pe: Arc<Pe>,
}

impl BatchMember {
    fn find(cluster: &Cluster, uid: &PodUid) -> Option<Self> {
        let (pod, pe) = cluster.pod(uid.as_str())?;
        Some(Self { pod: Arc::clone(pod), pe: Arc::clone(pe?) })
    }
}

/// Runs one scheduling cycle for each pod in turn, as kube-scheduler does for pods without gates. A gang is planned at the
/// turn of its first member.
pub(super) fn schedule_one_by_one(cluster: &mut Cluster, batch: &[PodUid], now: Timestamp) -> CycleOutcomes {
    let mut outcomes = CycleOutcomes::new();
    for uid in batch {
        schedule_pod_of_no_policy(cluster, uid);
        let Some(member) = BatchMember::find(cluster, uid).filter(|_| !outcomes.contains_key(uid)) else { continue };
        if gang_spec(cluster.snapshot(), &member.pe.job).is_some() {
            let is_in_job =
                |uid: &&PodUid| BatchMember::find(cluster, uid).is_some_and(|other| other.pe.job == member.pe.job);
            let mut gang: Vec<BatchMember> =
                batch.iter().filter(is_in_job).filter_map(|uid| BatchMember::find(cluster, uid)).collect();
            // The extender plans the members of a job in this order.
            gang.sort_by(|one, other| (one.pod.created, &one.pod.key).cmp(&(other.pod.created, &other.pod.key)));
            let gang: Vec<PodUid> = gang.into_iter().map(|member| member.pod.key.uid.clone()).collect();
            outcomes.extend(schedule_by_plan(cluster, &gang, now));
        } else {
            let nodes: Vec<NodeIndex> = cluster.snapshot().indexes().collect();
            outcomes.insert(uid.clone(), run_cycle(cluster, &member, &nodes, &plan_gang, now));
        }
    }
    outcomes
}

/// Plans all pods, and runs a scheduling cycle for each in which kube-scheduler considers the planned node alone.
pub(super) fn schedule_by_plan(cluster: &mut Cluster, batch: &[PodUid], now: Timestamp) -> CycleOutcomes {
    // PEs are gated until the plan exists. Other pods are not.
    for uid in batch {
        schedule_pod_of_no_policy(cluster, uid);
    }
    let pes: Vec<Arc<Pe>> = batch.iter().filter_map(|uid| Some(BatchMember::find(cluster, uid)?.pe)).collect();
    let Plan { placements, unplaced, .. } = plan(cluster.snapshot(), &pes, Budget::default());
    let without_node = |UnplacedPe { pe, rejected, conflict, .. }| {
        (pe.pod.key.uid.clone(), CycleOutcome { rejected, conflict, ..CycleOutcome::default() })
    };
    let mut outcomes: CycleOutcomes = unplaced.into_iter().map(without_node).collect();
    let plans = gang_plans(cluster.snapshot(), &placements);
    let plan_gang = |pe: &Arc<Pe>, snapshot: &Snapshot| {
        let planned = plans.get(&pe.job).and_then(|plan| GangState::planned(pe, Arc::clone(plan)));
        planned.unwrap_or_else(|| plan_gang(pe, snapshot))
    };
    let mut open: Vec<PlannedPe> = placements;
    // A planned PE may have to be placed before another one, so the rest is retried for as long as a PE is placed.
    loop {
        let before = open.len();
        open.retain(|planned| {
            let uid = &planned.pe.pod.key.uid;
            let member = BatchMember::find(cluster, uid);
            let outcome = member.map(|member| run_cycle(cluster, &member, &[planned.node], &plan_gang, now));
            let is_placed = outcome.as_ref().is_some_and(|outcome| outcome.placed.is_some());
            outcomes.extend(outcome.map(|outcome| (uid.clone(), outcome)));
            !is_placed
        });
        if open.is_empty() || open.len() == before {
            return outcomes;
        }
    }
}

/// The plan of each gang that is not placed yet, by job.
fn gang_plans(snapshot: &Snapshot, placements: &[PlannedPe]) -> BTreeMap<JobId, Arc<GangPlan>> {
    let mut members: BTreeMap<JobId, Vec<(Arc<Pe>, NodeIndex)>> = BTreeMap::new();
    for PlannedPe { pe, node } in placements {
        if gang_spec(snapshot, &pe.job).is_some() {
            members.entry(pe.job.clone()).or_default().push((Arc::clone(pe), *node));
        }
    }
    members.into_iter().map(|(job, placements)| (job, Arc::new(GangPlan::new(placements)))).collect()
}

/// Binds a waiting pod that is no PE, where it fits: it takes room from the PEs after it.
fn schedule_pod_of_no_policy(cluster: &mut Cluster, uid: &PodUid) {
    let Some((pod, None)) = cluster.pod(uid.as_str()) else { return };
    if pod.node.is_none()
        && let Some(node) = choose_node(pod, cluster.snapshot())
    {
        let bound = Pod { node: Some(node), ..Pod::clone(pod) };
        cluster.apply(Event::put(bound));
    }
}

/// Runs one scheduling cycle in which kube-scheduler considers these nodes.
fn run_cycle(
    cluster: &mut Cluster,
    member: &BatchMember,
    nodes: &[NodeIndex],
    plan_gang: &dyn Fn(&Arc<Pe>, &Snapshot) -> GangState,
    now: Timestamp,
) -> CycleOutcome {
    let BatchMember { pod, pe } = member;
    let (cluster_snapshot, policies) = (cluster.snapshot(), cluster.policies());
    let prepared = cluster_snapshot.prepare_for(pe);
    let snapshot = &*prepared;
    let decision = PlacementDecision::new(pe, snapshot, Foresight::Gang(plan_gang(pe, snapshot)));
    let mut rejected: BTreeMap<Reason, usize> = BTreeMap::new();
    for rejection in snapshot.indexes().filter_map(|index| decision.filter(index).err()) {
        *rejected.entry(rejection.reason()).or_default() += 1;
    }
    // kube-scheduler also checks the tags that admission has written as node affinity.
    let matches = |index: NodeIndex| {
        let node = snapshot.node(index).and_then(|state| state.node.as_deref());
        pod.node_requirements.as_deref().zip(node).is_none_or(|(own, node)| mismatch(own, node).is_none())
    };
    let is_candidate = |index: &NodeIndex| matches(*index) && decision.passes_kube_scheduler(*index);
    let candidates: Vec<NodeIndex> = nodes.iter().copied().filter(is_candidate).collect();
    let last_attempt = LastAttempt { cached_cycle: Some(CachedCycle::new(&decision, snapshot)), unbound: Vec::new() };
    let context = SchedulingContext {
        last_attempt: &last_attempt,
        plan_gang,
        ..SchedulingContext::new(cluster_snapshot, policies)
    };
    let filtered = filter(&arguments(pod, &candidates, snapshot), context);
    let mut attempt = filtered.attempt;
    if attempt.choice.best.is_empty() && filtered.passed.len() > 1 {
        attempt.choice = prioritize(&arguments(pod, &filtered.passed, snapshot), context).choice;
    }
    drop(prepared);
    CycleOutcome { rejected, ..bind(cluster, pod, &attempt, now) }
}

/// Binds a pod to the best node of an attempt, where there is one.
fn bind(cluster: &mut Cluster, pod: &Pod, attempt: &Attempt, now: Timestamp) -> CycleOutcome {
    let Some(best) = attempt.choice.best.first() else { return CycleOutcome::default() };
    let PodKey { namespace, name, uid } = pod.key.clone();
    let arguments = BindingArguments { namespace, name, uid, node: best.name.clone() };
    let cycle = BindingCycle { attempt: Some(attempt), gang_plan: None, possible_takeovers: 0, now };
    let placed = match verify_and_assume(cluster, &arguments, cycle) {
        Ok(Verified::Assumed(binding)) => {
            let PendingBinding { node, record, .. } = *binding;
            record.map(|record| (node, record))
        }
        Ok(Verified::TakeoverUnchecked | Verified::Unsettled(_) | Verified::AlreadyBound) | Err(_) => None,
    };
    CycleOutcome { placed, score: best.score, ..CycleOutcome::default() }
}

/// The arguments that kube-scheduler would send to filter and prioritize.
fn arguments<'a>(pod: &Arc<Pod>, nodes: &[NodeIndex], snapshot: &'a Snapshot) -> SchedulingArguments<'a> {
    let names = nodes.iter().filter_map(|index| Some(Cow::Borrowed(snapshot.node(*index)?.name.as_str())));
    SchedulingArguments { pod: Arc::clone(pod), candidates: CandidateNodes::NodeNames(names.collect()) }
}
