//! filter: the nodes that a pod may be placed on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::{Attempt, CachedCycle, Choice};
use super::context::SchedulingContext;
use super::decode::{CandidateNodes, SchedulingArguments};
use super::encode;
use crate::model::{NodeName, Pe, Pod, Reason, Rejection};
use crate::placement::{
    Foresight, PlacementDecision, asks_for_gang, check_work_budget, is_checked_by_kube_scheduler,
    reserved_room_rejection, rest_of_group,
};
use crate::state::{NodeIndex, NodeSet, Snapshot};

/// The result of filter: the response, and the data for metrics and the attempt.
#[derive(Debug)]
pub struct Filtered {
    /// The response, an `ExtenderFilterResult`.
    pub body: Vec<u8>,
    /// The PE; `None` for a pod that is no PE, which passes on every node.
    pub pe: Option<Arc<Pe>>,
    /// The attempt to record.
    pub attempt: Attempt,
    /// The nodes that passed, also those that the response leaves out; empty for a pod that is no PE. Where a plan has a node
    /// for the PE, this node alone.
    pub passed: Vec<NodeIndex>,
    /// The nodes of the other members of the PE's gang or bucket, with the PE on the best node.
    pub group: Vec<(Arc<Pe>, NodeName)>,
    /// Nodes that kube-scheduler does not offer to the PE, where they differ from those that the cluster has noted.
    pub unoffered: Option<NodeSet>,
    /// Why filter returns a retryable error.
    pub error: Option<Cow<'static, str>>,
}

pub(super) const NOT_LISTED: &str =
    "StaleState: nodes, pods, pools and jobs have not been listed yet; the pod is tried again";
/// An error, because kube-scheduler retries a pod soon after an error. A rejected pod waits for an event that
/// kube-scheduler sees.
const UNSEEN: &str =
    "StaleState: the object that declares the placement of the pod has not been seen yet; the pod is tried again";
/// A reservation may be dropped without an event that requeues this pod, so filter returns a retryable error.
const RESERVED: &str = "StaleState: PEs that are being bound hold every node that is left; the pod is tried again";
/// kube-scheduler has evaluated these rules with a newer view. A rejection would keep the pod waiting for minutes.
const CONTRADICTED: &str = "StaleState: kube-scheduler sees room on nodes where the watches of the extender show none yet; the pod is tried again";
const WHOLE_NODES: &str =
    "whole nodes were sent: set nodeCacheCapable: true for this extender in KubeSchedulerConfiguration";

/// Filters the nodes of a request.
///
/// Reserved nodes are rejected while another node passes. Where no other node passes, filter returns a retryable error: a
/// reservation may be dropped without an event that requeues the pod.
///
/// A node that kube-scheduler asks about has passed its filters. Where a rule that kube-scheduler checks too rejects the node,
/// the watches are behind: the node is neither passed nor rejected, and the response is a retryable error where no other
/// node passes.
///
/// Where no score of kube-scheduler could choose another node, the response names the best node alone. kube-scheduler
/// then neither scores nor calls prioritize (docs/design.md, D22).
#[must_use]
pub fn filter(arguments: &SchedulingArguments<'_>, context: SchedulingContext<'_>) -> Filtered {
    let CandidateNodes::NodeNames(names) = &arguments.candidates else { return retryable_error(WHOLE_NODES) };
    let Some(pe) = context.policies.pe(&arguments.pod, context.snapshot.declared()).map(Arc::new) else {
        return filter_other_pod(&arguments.pod, names, context.snapshot);
    };
    if !context.snapshot.is_complete() {
        return retryable_error(NOT_LISTED);
    }
    if pe.awaited.is_some() {
        return retryable_error(UNSEEN);
    }
    if let Err(dear) = check_work_budget(&pe, context.decision_snapshot()) {
        return retryable_error(dear.to_string());
    }
    let unoffered =
        Some(context).filter(|context| context.nodes_are_all_offered).and_then(|_| new_unoffered(&pe, names, context));
    let question = Question { pe: &pe, names, unoffered: unoffered.as_ref(), context };
    let expected = question.prepare(context.decision_snapshot());
    let released = question.release(&expected);
    let mut answer = question.answer(&expected);
    if answer.passed.is_empty()
        && let Some(released) = &released
    {
        // The members of the group that are not bound yet may go elsewhere.
        let anew = question.answer(released);
        answer = if anew.passed.is_empty() { answer } else { anew };
    }
    if answer.passed.is_empty() && context.with_reservations.is_some() && question.passes_without_cycles() {
        return retryable_error(RESERVED);
    }
    let within;
    if answer.is_planned_elsewhere() {
        within = question.within_names(answer.decision.snapshot());
        let anew = question.answer(&within);
        let is_better = !anew.is_planned_elsewhere() && (!anew.passed.is_empty() || answer.planned().is_none());
        answer = if is_better { anew } else { answer };
    }
    let Answer { decision, mut passed, mut rejected } = answer;
    if context.asked_by_kube_scheduler {
        mark_contradictions(&mut rejected, decision.snapshot());
    }
    let is_contradicted = |(_, reason): &&(&str, Reason)| *reason == Reason::StaleState;
    if passed.is_empty() && rejected.iter().any(|node| is_contradicted(&node)) {
        return retryable_error(CONTRADICTED);
    }
    let planned = decision.planned_node();
    if passed.iter().any(|(_, index)| Some(*index) == planned) && !question.failed_on(planned, decision.snapshot()) {
        passed.retain(|(_, index)| Some(*index) == planned);
    }
    let snapshot = decision.snapshot();
    let nodes: Vec<NodeIndex> = passed.iter().map(|(_, index)| *index).collect();
    let decides = context.filter_decides && is_choice_free(&arguments.pod, &nodes, snapshot);
    // kube-scheduler binds to a single node without calling prioritize.
    let choice = if decides || nodes.len() == 1 {
        Choice::from_passed(&decision, &nodes, &context.last_attempt.unbound)
    } else {
        Choice::default()
    };
    let body = if let Some(best) = choice.best.first().filter(|_| decides) {
        encode::filter_result([best.name.as_str()].into_iter(), std::iter::empty(), 1)
    } else {
        let told = rejected.iter().filter(|node| !is_contradicted(node)).copied();
        encode::filter_result(passed.iter().map(|(name, _)| *name), told, names.len())
    };
    let name_of = |index| snapshot.node(index).map(|state| state.name.clone());
    let group = choice.best.first().map(|best| decision.places_of_group(best.node)).unwrap_or_default();
    let group = group.into_iter().filter_map(|(pe, index)| Some((pe, name_of(index)?))).collect();
    let attempt = Attempt {
        version: context.snapshot.version(),
        evaluated_nodes: names.len(),
        rejected: count_by_reason(&rejected),
        named_best_alone: !choice.best.is_empty(),
        choice,
        unbound: context.last_attempt.unbound.clone(),
        cached_cycle: Some(CachedCycle::new(&decision, snapshot)),
    };
    Filtered { body, attempt, passed: nodes, error: None, group, unoffered, pe: Some(Arc::clone(&pe)) }
}

/// Filters nodes for a pod that is no PE: it takes no room that is reserved for PEs.
fn filter_other_pod(pod: &Pod, names: &[Cow<'_, str>], snapshot: &Snapshot) -> Filtered {
    let reason = |name: &str| {
        let index = snapshot.find(name).filter(|_| snapshot.has_reserved_nodes())?;
        reserved_room_rejection(pod, index, snapshot).map(|rejection| rejection.reason())
    };
    let (mut passed, mut rejected) = (Vec::with_capacity(names.len()), Vec::new());
    for name in names.iter().map(|name| &**name) {
        match reason(name) {
            None => passed.push(name),
            Some(reason) => rejected.push((name, reason)),
        }
    }
    if passed.is_empty() && !rejected.is_empty() {
        return retryable_error(RESERVED);
    }
    unfiltered(encode::filter_result(passed.into_iter(), rejected.into_iter(), names.len()), names.len(), None)
}

/// What kube-scheduler asks about one PE.
#[derive(Clone, Copy)]
struct Question<'q, 'n> {
    pe: &'q Arc<Pe>,
    names: &'q [Cow<'n, str>],
    /// The nodes that kube-scheduler does not offer, where the snapshot does not have them.
    unoffered: Option<&'q NodeSet>,
    context: SchedulingContext<'q>,
}

/// The nodes for a PE in one snapshot.
struct Answer<'s, 'n> {
    decision: PlacementDecision<'s>,
    passed: Vec<(&'n str, NodeIndex)>,
    rejected: Vec<(&'n str, Reason)>,
}

impl<'q> Question<'q, '_> {
    /// The snapshot for the decision about the PE.
    fn prepare<'s>(&self, snapshot: &'s Snapshot) -> Cow<'s, Snapshot> {
        let prepared = snapshot.prepare_for(self.pe);
        match self.unoffered {
            Some(nodes) => Cow::Owned(prepared.with_unoffered(self.pe, nodes.clone())),
            None => prepared,
        }
    }

    /// The snapshot in which the rest of the PE's group has given up nodes that are not bound yet.
    fn release(&self, prepared: &Snapshot) -> Option<Snapshot> {
        prepared.without_nodes_of(self.pe, &rest_of_group(self.pe, prepared))
    }

    fn answer<'s>(&self, snapshot: &'s Snapshot) -> Answer<'s, 'q> {
        let decision = self.context.decide(self.pe, snapshot);
        let (passed, rejected) = filter_nodes(&decision, self.names, snapshot);
        Answer { decision, passed, rejected }
    }

    /// True where a node passes once the scheduling cycles of other pods do not count.
    fn passes_without_cycles(&self) -> bool {
        let base = self.prepare(self.context.snapshot);
        let passes = |snapshot: &Snapshot| !self.answer(snapshot).passed.is_empty();
        passes(&base) || self.release(&base).is_some_and(|released| passes(&released))
    }

    /// The snapshot in which kube-scheduler offers the nodes of the request alone, without those to which it did not bind the
    /// PE after earlier cycles.
    fn within_names(&self, snapshot: &Snapshot) -> Snapshot {
        let unbound = &self.context.last_attempt.unbound;
        let is_named = |name: &&Cow<'_, str>| !unbound.iter().any(|failed| failed.as_str() == name.as_ref());
        let named: NodeSet = self.names.iter().filter(is_named).filter_map(|name| snapshot.find(name)).collect();
        let unoffered = snapshot.indexes().filter(|index| !named.contains(*index)).collect();
        snapshot.with_unoffered(self.pe, unoffered)
    }

    /// True where kube-scheduler did not bind the PE to the node after an earlier cycle.
    fn failed_on(&self, node: Option<NodeIndex>, snapshot: &Snapshot) -> bool {
        let name = node.and_then(|index| snapshot.node(index)).map(|state| &state.name);
        name.is_some_and(|name| self.context.last_attempt.unbound.contains(name))
    }
}

impl Answer<'_, '_> {
    fn planned(&self) -> Option<NodeIndex> {
        self.decision.cycle().gang().plan().and_then(|_| self.decision.planned_node())
    }

    /// True where the plan of the gang has a node for the PE that is not among the nodes that passed.
    fn is_planned_elsewhere(&self) -> bool {
        self.planned().is_some_and(|planned| !self.passed.iter().any(|(_, index)| *index == planned))
    }
}

/// The nodes that kube-scheduler does not ask about although the PE may go there by every rule of kube-scheduler that is
/// known here; `None` where the snapshot has the same nodes, and for PEs that no plan and no look-ahead reads.
fn new_unoffered(pe: &Arc<Pe>, names: &[Cow<'_, str>], context: SchedulingContext<'_>) -> Option<NodeSet> {
    let snapshot = context.decision_snapshot();
    let spec = pe.spec.as_ref().ok()?;
    if spec.colocation.is_empty() && spec.exlocation.is_empty() && !asks_for_gang(pe, snapshot) {
        return None;
    }
    let known = snapshot.unoffered(&pe.pod.key.uid);
    let named: NodeSet = names.iter().filter_map(|name| snapshot.find(name)).collect();
    let prepared = snapshot.prepare_for(pe);
    let decision = PlacementDecision::new(pe, &prepared, Foresight::Bucket);
    let missing = prepared.indexes().filter(|index| !named.contains(*index));
    let unoffered: NodeSet = missing.filter(|index| decision.passes_kube_scheduler(*index)).collect();
    known.map_or(!unoffered.is_empty(), |known| **known != unoffered).then_some(unoffered)
}

/// Nodes that pass, and nodes that are rejected.
type FilteredNodes<'n> = (Vec<(&'n str, NodeIndex)>, Vec<(&'n str, Reason)>);

/// Filters nodes by name.
pub(super) fn filter_nodes<'n, N: AsRef<str>>(
    decision: &PlacementDecision<'_>,
    names: &'n [N],
    snapshot: &Snapshot,
) -> FilteredNodes<'n> {
    let mut passed: Vec<(&str, NodeIndex)> = Vec::with_capacity(names.len());
    let mut rejected: Vec<(&str, Reason)> = Vec::new();
    // All names are looked up before any node is filtered, so that the memory accesses of the look-ups overlap.
    let found: Vec<Option<NodeIndex>> = names.iter().map(|name| snapshot.find(name.as_ref())).collect();
    for (name, found) in names.iter().map(AsRef::as_ref).zip(found) {
        let found = found.ok_or(Rejection::NodeUnknown);
        match found.and_then(|index| decision.filter(index).map(|()| index)) {
            Ok(index) => passed.push((name, index)),
            Err(rejection) => rejected.push((name, rejection.reason())),
        }
    }
    (passed, rejected)
}

/// Replaces the reason of nodes that are rejected by a rule which kube-scheduler checks too, or because they are unknown:
/// the nodes have passed the filters of kube-scheduler, so the watches are behind (docs/design.md, D23). A node that lacks
/// room beside PEs that are not bound yet stays rejected, because kube-scheduler does not know all of these.
fn mark_contradictions(rejected: &mut [(&str, Reason)], snapshot: &Snapshot) {
    for (name, reason) in rejected {
        let is_contradicted = match snapshot.find(name) {
            None => true,
            Some(_) if !is_checked_by_kube_scheduler(*reason) => false,
            Some(index) => *reason != Reason::InsufficientResources || !snapshot.has_unbound_pods(index),
        };
        if is_contradicted {
            *reason = Reason::StaleState;
        }
    }
}

/// True where all nodes have the same score for kube-scheduler: the pod states no preference, and tolerates every
/// `PreferNoSchedule` taint of the nodes.
fn is_choice_free(pod: &Pod, passed: &[NodeIndex], snapshot: &Snapshot) -> bool {
    let is_avoided = |index: &NodeIndex| {
        snapshot
            .info(*index)
            .is_some_and(|(info, _)| info.taints.soft && pod.first_untolerated(&info.node.soft_taints).is_some())
    };
    !pod.has_preferences && !passed.iter().any(is_avoided)
}

fn count_by_reason(rejected: &[(&str, Reason)]) -> BTreeMap<Reason, usize> {
    let mut counts: BTreeMap<Reason, usize> = BTreeMap::new();
    for (_, reason) in rejected {
        *counts.entry(*reason).or_default() += 1;
    }
    counts
}

fn retryable_error(problem: impl Into<Cow<'static, str>>) -> Filtered {
    let problem = problem.into();
    unfiltered(encode::filter_error(&problem), 0, Some(problem))
}

fn unfiltered(body: Vec<u8>, evaluated_nodes: usize, error: Option<Cow<'static, str>>) -> Filtered {
    let attempt = Attempt { evaluated_nodes, ..Attempt::default() };
    Filtered { body, pe: None, attempt, passed: Vec::new(), group: Vec::new(), unoffered: None, error }
}

#[cfg(test)]
#[path = "tests/filter.rs"]
mod tests;
