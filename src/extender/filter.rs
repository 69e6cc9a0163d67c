//! filter: which of the nodes in question the pod may go to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::{Attempt, Choice, LookedUp};
use super::decode::{Arguments, Candidates};
use super::encode;
use super::view::View;
use crate::model::{Pe, Pod, Reason, Rejection};
use crate::placement::Decision;
use crate::state::{NodeIndex, Snapshot};

/// The answer of filter, and what metrics and the record need of it.
#[derive(Debug)]
pub struct Filtered {
    /// The answer, as `ExtenderFilterResult`.
    pub body: Vec<u8>,
    /// The PE in question; `None` for a pod of no policy, which passes everywhere.
    pub pe: Option<Arc<Pe>>,
    /// What is kept of the answer.
    pub attempt: Attempt,
    /// The nodes that passed, named or not; none are listed for a pod of no policy.
    pub passed: Vec<NodeIndex>,
    /// Why no answer can be given at all.
    pub error: Option<&'static str>,
}

pub(super) const NOT_LISTED: &str =
    "StaleState: nodes, pods, pools and jobs have not been listed yet; the pod is tried again";
/// kube-scheduler tries a pod again soon after an error; a rejection waits for an event in kube-scheduler's own world.
const UNSEEN: &str =
    "StaleState: the ProcessingElement that the pod belongs to has not been seen yet; the pod is tried again";
/// A reservation may be given back without an event that requeues this pod, so the answer is an error, not a rejection.
const RESERVED: &str = "StaleState: PEs that are being bound hold every node that is left; the pod is tried again";
const WHOLE_NODES: &str =
    "whole nodes were sent: set nodeCacheCapable: true for this extender in KubeSchedulerConfiguration";

/// Decides for every node in question.
///
/// Nodes that reservations hold are rejected while another node is left. Where none is left, the answer is an error: a
/// reservation may be given back without an event that requeues the pod.
///
/// Where no score of kube-scheduler's own could choose another node, the answer names the best node alone: kube-scheduler
/// then neither scores nor asks prioritize (docs/design.md, D22).
#[must_use]
pub fn filter(arguments: &Arguments<'_>, view: View<'_>) -> Filtered {
    let Candidates::Names(names) = &arguments.candidates else { return no_answer(WHOLE_NODES) };
    let Some(pe) = view.policies.pe(&arguments.pod, view.snapshot.declared()).map(Arc::new) else {
        let body = encode::filter_result(names.iter().map(|name| &**name), std::iter::empty(), names.len());
        return unfiltered(body, names.len(), None);
    };
    if !view.snapshot.is_complete() {
        return no_answer(NOT_LISTED);
    }
    if pe.awaits().is_some() {
        return no_answer(UNSEEN);
    }
    let expected = view.expected();
    let decision = view.decide(&pe, expected);
    let (passed, rejected) = filter_nodes(&decision, names, expected);
    if passed.is_empty()
        && view.with_reservations.is_some()
        && !filter_nodes(&view.decide(&pe, view.snapshot), names, view.snapshot).0.is_empty()
    {
        return no_answer(RESERVED);
    }
    let nodes: Vec<NodeIndex> = passed.iter().map(|(_, index)| *index).collect();
    let decides = view.filter_decides && is_ours_to_choose(&arguments.pod, &nodes, expected);
    // kube-scheduler takes a node that is named alone without asking prioritize.
    let choice = if decides || nodes.len() == 1 {
        Choice::among(&decision, &nodes, &view.last_attempt.unbound)
    } else {
        Choice::default()
    };
    let body = match choice.best.first().filter(|_| decides) {
        Some(best) => encode::filter_result([best.name.as_str()].into_iter(), std::iter::empty(), 1),
        None => encode::filter_result(passed.iter().map(|(name, _)| *name), rejected.iter().copied(), names.len()),
    };
    let attempt = Attempt {
        version: view.snapshot.version(),
        asked: names.len(),
        rejected: counted(&rejected),
        named_one: !choice.best.is_empty(),
        choice,
        unbound: view.last_attempt.unbound.clone(),
        looked_up: Some(LookedUp::new(&decision, expected)),
    };
    Filtered { body, attempt, passed: nodes, error: None, pe: Some(pe) }
}

/// Nodes that pass, and nodes that are rejected.
type FilteredNodes<'n> = (Vec<(&'n str, NodeIndex)>, Vec<(&'n str, Reason)>);

/// Filters nodes by name.
pub(super) fn filter_nodes<'n, N: AsRef<str>>(
    decision: &Decision<'_>,
    names: &'n [N],
    snapshot: &Snapshot,
) -> FilteredNodes<'n> {
    let mut passed: Vec<(&str, NodeIndex)> = Vec::with_capacity(names.len());
    let mut rejected: Vec<(&str, Reason)> = Vec::new();
    // All names are looked up before any node is filtered: each look-up waits for memory, and many can wait together.
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

/// True where no score of kube-scheduler's own profile can tell the nodes apart: the pod states no preference, and no
/// node has a `PreferNoSchedule` taint that the pod does not tolerate.
fn is_ours_to_choose(pod: &Pod, passed: &[NodeIndex], snapshot: &Snapshot) -> bool {
    let is_avoided = |index: &NodeIndex| {
        snapshot
            .info(*index)
            .is_some_and(|(info, _)| info.taints.soft && pod.first_untolerated(&info.node.soft_taints).is_some())
    };
    !pod.has_preferences && !passed.iter().any(is_avoided)
}

fn counted(rejected: &[(&str, Reason)]) -> BTreeMap<Reason, usize> {
    let mut counts: BTreeMap<Reason, usize> = BTreeMap::new();
    for (_, reason) in rejected {
        *counts.entry(*reason).or_default() += 1;
    }
    counts
}

fn no_answer(problem: &'static str) -> Filtered {
    unfiltered(encode::filter_error(problem), 0, Some(problem))
}

fn unfiltered(body: Vec<u8>, asked: usize, error: Option<&'static str>) -> Filtered {
    Filtered { body, pe: None, attempt: Attempt { asked, ..Attempt::default() }, passed: Vec::new(), error }
}
