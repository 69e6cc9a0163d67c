//! filter: the nodes that a pod may be placed on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::{Attempt, CachedCycle, Choice};
use super::context::SchedulingContext;
use super::decode::{CandidateNodes, SchedulingArguments};
use super::encode;
use super::question::{Question, RejectedNode, Unanswerable};
use crate::model::{NodeName, Pe, Pod, Reason};
use crate::placement::{PlacementDecision, check_work_budget, reserved_room_rejection};
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
    let question = Question::new(&pe, names, context);
    let answer = match question.answer() {
        Ok(answer) => answer,
        Err(Unanswerable::Reserved) => return retryable_error(RESERVED),
        Err(Unanswerable::Contradicted) => return retryable_error(CONTRADICTED),
    };
    let decision = answer.decision();
    let snapshot = decision.snapshot();
    let nodes: Vec<NodeIndex> = answer.passed.iter().map(|(_, index)| *index).collect();
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
        let passed = answer.passed.iter().map(|(name, _)| *name);
        let told = answer.rejected.iter().filter(|node| node.reason != Reason::StaleState);
        let told = told.map(|node| (node.name, node.reason));
        encode::filter_result(passed, told, names.len())
    };
    let group = group_places(&decision, &choice);
    let attempt = Attempt {
        version: context.snapshot.version(),
        evaluated_nodes: names.len(),
        rejected: count_by_reason(&answer.rejected),
        named_best_alone: !choice.best.is_empty(),
        choice,
        unbound: context.last_attempt.unbound.clone(),
        cached_cycle: Some(CachedCycle::new(&decision, snapshot)),
    };
    Filtered { body, attempt, passed: nodes, error: None, group, unoffered: question.unoffered, pe: Some(pe) }
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

/// The nodes of the other members of a PE's gang or bucket, with the PE on the best node.
pub(super) fn group_places(decision: &PlacementDecision<'_>, choice: &Choice) -> Vec<(Arc<Pe>, NodeName)> {
    let places = choice.best.first().map(|best| decision.places_of_group(best.node)).unwrap_or_default();
    let name_of = |index| decision.snapshot().node(index).map(|state| state.name.clone());
    places.into_iter().filter_map(|(pe, index)| Some((pe, name_of(index)?))).collect()
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

fn count_by_reason(rejected: &[RejectedNode<'_>]) -> BTreeMap<Reason, usize> {
    let mut counts: BTreeMap<Reason, usize> = BTreeMap::new();
    for node in rejected {
        *counts.entry(node.reason).or_default() += 1;
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
