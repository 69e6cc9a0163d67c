//! The decisions: what kube-scheduler would ask, and what the extender would answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::extender::bind::{BindingCycle, PendingBinding, Verified, verify_and_assume};
use crate::extender::{
    Arguments, Attempt, BindingArguments, Candidates, LastAttempt, LookedUp, Record, View, filter, prioritize,
};
use crate::model::{NodeName, Pe, Pod, PodKey, PodUid, Reason};
use crate::placement::{
    Budget, Conflict, Decision, Foresight, Plan, PlannedPe, UnplacedPe, gang_spec, plan, plan_gang,
};
use crate::state::{Cluster, NodeIndex, Snapshot};

/// What was decided, by pod.
pub(super) type Decisions = BTreeMap<PodUid, Decided>;

/// What was decided about one pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Decided {
    /// The node, and the record that the Binding would carry.
    pub(super) placed: Option<(NodeName, Record)>,
    /// How good the node is for the PE, from 0 to 1.
    pub(super) worth: f64,
    /// How many nodes of the cluster are refused, by reason.
    pub(super) rejected: BTreeMap<Reason, usize>,
    /// What a gang without a plan cannot meet together.
    pub(super) conflict: Option<Arc<Conflict>>,
}

/// One scheduling cycle for each pod, each before the next: what kube-scheduler does without gates. A gang is planned when
/// the turn of its first member comes.
pub(super) fn one_after_another(cluster: &mut Cluster, batch: &[PodUid], now: Timestamp) -> Decisions {
    let mut decisions = Decisions::new();
    for uid in batch {
        let Some((pod, pe)) = waiting(cluster, uid).filter(|_| !decisions.contains_key(uid)) else { continue };
        if gang_spec(cluster.snapshot(), &pe.job).is_some() {
            let of_job = |uid: &&PodUid| waiting(cluster, uid).is_some_and(|(_, other)| other.job == pe.job);
            let gang: Vec<PodUid> = batch.iter().filter(of_job).cloned().collect();
            decisions.extend(together(cluster, &gang, now));
        } else {
            decisions.insert(uid.clone(), cycle(cluster, (&pod, &pe), &all(cluster), now));
        }
    }
    decisions
}

/// One plan for all, and then the cycles in which kube-scheduler looks at the node that was nominated, and at no other.
pub(super) fn together(cluster: &mut Cluster, batch: &[PodUid], now: Timestamp) -> Decisions {
    let pes: Vec<Arc<Pe>> = batch.iter().filter_map(|uid| Some(waiting(cluster, uid)?.1)).collect();
    let Plan { placements, unplaced, .. } = plan(cluster.snapshot(), &pes, Budget::default());
    let without = |UnplacedPe { pe, rejected, conflict, .. }| {
        (pe.pod.key.uid.clone(), Decided { rejected, conflict, ..Decided::default() })
    };
    let mut decisions: Decisions = unplaced.into_iter().map(without).collect();
    let mut open: Vec<PlannedPe> = placements;
    // Of two PEs that a plan places, one may have to go first: as long as one finds its place, the rest is tried again.
    loop {
        let before = open.len();
        open.retain(|placement| {
            let uid = &placement.pe.pod.key.uid;
            let decided = waiting(cluster, uid).map(|(pod, pe)| cycle(cluster, (&pod, &pe), &[placement.node], now));
            let is_placed = decided.as_ref().is_some_and(|decided| decided.placed.is_some());
            decisions.extend(decided.map(|decided| (uid.clone(), decided)));
            !is_placed
        });
        if open.is_empty() || open.len() == before {
            return decisions;
        }
    }
}

/// A pod, and the PE that it is.
fn waiting(cluster: &Cluster, uid: &PodUid) -> Option<(Arc<Pod>, Arc<Pe>)> {
    let (pod, pe) = cluster.pod(uid.as_str())?;
    Some((Arc::clone(pod), Arc::clone(pe?)))
}

/// One scheduling cycle, in which kube-scheduler considers these nodes.
fn cycle(cluster: &mut Cluster, (pod, pe): (&Arc<Pod>, &Arc<Pe>), nodes: &[NodeIndex], now: Timestamp) -> Decided {
    let (snapshot, policies) = (cluster.snapshot(), cluster.policies());
    let decision = Decision::new(pe, snapshot, Foresight::Gang(plan_gang(pe, snapshot)));
    let mut rejected: BTreeMap<Reason, usize> = BTreeMap::new();
    for rejection in snapshot.indexes().filter_map(|index| decision.filter(index).err()) {
        *rejected.entry(rejection.reason()).or_default() += 1;
    }
    let asked: Vec<NodeIndex> = nodes.iter().copied().filter(|index| decision.passes_kube_scheduler(*index)).collect();
    let decided = LastAttempt { looked_up: Some(LookedUp::new(&decision, snapshot)), unbound: Vec::new() };
    let view = View { last_attempt: &decided, ..View::new(snapshot, policies) };
    let filtered = filter(&question(pod, &asked, snapshot), view);
    let mut attempt = filtered.attempt;
    if attempt.choice.best.is_empty() && filtered.passed.len() > 1 {
        attempt.choice = prioritize(&question(pod, &filtered.passed, snapshot), view).choice;
    }
    bind(cluster, pod, &attempt, rejected, now)
}

fn all(cluster: &Cluster) -> Vec<NodeIndex> {
    cluster.snapshot().indexes().collect()
}

fn bind(
    cluster: &mut Cluster,
    pod: &Pod,
    attempt: &Attempt,
    rejected: BTreeMap<Reason, usize>,
    now: Timestamp,
) -> Decided {
    let Some(best) = attempt.choice.best.first() else { return Decided { rejected, ..Decided::default() } };
    let PodKey { namespace, name, uid } = pod.key.clone();
    let arguments = BindingArguments { namespace, name, uid, node: best.name.clone() };
    let cycle = BindingCycle { attempt: Some(attempt), gang_plan: None, now };
    let placed = match verify_and_assume(cluster, &arguments, cycle) {
        Ok(Verified::Assumed(binding)) => {
            let PendingBinding { node, record, .. } = *binding;
            record.map(|record| (node, record))
        }
        Ok(Verified::Unsettled(_) | Verified::Already) | Err(_) => None,
    };
    Decided { placed, worth: best.score, rejected, conflict: None }
}

fn question<'a>(pod: &Arc<Pod>, nodes: &[NodeIndex], snapshot: &'a Snapshot) -> Arguments<'a> {
    let names = nodes.iter().filter_map(|index| Some(Cow::Borrowed(snapshot.node(*index)?.name.as_str())));
    Arguments { pod: Arc::clone(pod), candidates: Candidates::Names(names.collect()) }
}
