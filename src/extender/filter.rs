//! filter: the nodes that a pod may be placed on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::{Attempt, CachedCycle, Choice};
use super::context::SchedulingContext;
use super::decode::{CandidateNodes, SchedulingArguments};
use super::encode;
use crate::model::{Pe, Pod, Reason, Rejection};
use crate::placement::{PlacementDecision, check_work_budget, is_checked_by_kube_scheduler};
use crate::state::{NodeIndex, Snapshot};

/// The result of filter: the response, and the data for metrics and the attempt.
#[derive(Debug)]
pub struct Filtered {
    /// The response, an `ExtenderFilterResult`.
    pub body: Vec<u8>,
    /// The PE; `None` for a pod that is no PE, which passes on every node.
    pub pe: Option<Arc<Pe>>,
    /// The attempt to record.
    pub attempt: Attempt,
    /// The nodes that passed, also those that the response leaves out; empty for a pod that is no PE.
    pub passed: Vec<NodeIndex>,
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
        let body = encode::filter_result(names.iter().map(|name| &**name), std::iter::empty(), names.len());
        return unfiltered(body, names.len(), None);
    };
    if !context.snapshot.is_complete() {
        return retryable_error(NOT_LISTED);
    }
    if pe.awaited.is_some() {
        return retryable_error(UNSEEN);
    }
    let expected = context.decision_snapshot();
    if let Err(dear) = check_work_budget(&pe, expected) {
        return retryable_error(dear.to_string());
    }
    let decision = context.decide(&pe, expected);
    let (passed, mut rejected) = filter_nodes(&decision, names, expected);
    if context.asked_by_kube_scheduler {
        mark_contradictions(&mut rejected, expected, |index| match context.with_reservations {
            None => true,
            Some(_) => !context.decide(&pe, context.snapshot).passes_kube_scheduler(index),
        });
    }
    let is_contradicted = |(_, reason): &&(&str, Reason)| *reason == Reason::StaleState;
    if passed.is_empty() && rejected.iter().any(|node| is_contradicted(&node)) {
        return retryable_error(CONTRADICTED);
    }
    if passed.is_empty()
        && context.with_reservations.is_some()
        && !filter_nodes(&context.decide(&pe, context.snapshot), names, context.snapshot).0.is_empty()
    {
        return retryable_error(RESERVED);
    }
    let nodes: Vec<NodeIndex> = passed.iter().map(|(_, index)| *index).collect();
    let decides = context.filter_decides && is_choice_free(&arguments.pod, &nodes, expected);
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
    let attempt = Attempt {
        version: context.snapshot.version(),
        evaluated_nodes: names.len(),
        rejected: count_by_reason(&rejected),
        named_best_alone: !choice.best.is_empty(),
        choice,
        unbound: context.last_attempt.unbound.clone(),
        cached_cycle: Some(CachedCycle::new(&decision, expected)),
    };
    Filtered { body, attempt, passed: nodes, error: None, pe: Some(pe) }
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
/// the nodes have passed the filters of kube-scheduler, so the watches are behind (docs/design.md, D23). A node without
/// room for reserved PEs stays rejected, because kube-scheduler knows no reservations.
fn mark_contradictions(
    rejected: &mut [(&str, Reason)],
    snapshot: &Snapshot,
    lacks_room_without_reservations: impl Fn(NodeIndex) -> bool,
) {
    for (name, reason) in rejected {
        let is_contradicted = snapshot
            .find(name)
            .is_none_or(|index| is_checked_by_kube_scheduler(*reason) && lacks_room_without_reservations(index));
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
    Filtered { body, pe: None, attempt: Attempt { evaluated_nodes, ..Attempt::default() }, passed: Vec::new(), error }
}

#[cfg(test)]
#[path = "tests/filter.rs"]
mod tests;
