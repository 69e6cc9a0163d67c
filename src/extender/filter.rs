//! filter: which of the nodes in question the pod may go to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::{Attempt, Choice};
use super::decode::{Arguments, Candidates};
use super::encode;
use crate::model::{Pe, Reason, Rejection};
use crate::placement::Case;
use crate::policy::PolicySet;
use crate::state::{NodeIndex, Snapshot};

/// The answer of filter, and what metrics and the record need of it.
#[derive(Debug)]
pub struct Filtered {
    /// The answer, as `ExtenderFilterResult`.
    pub body: Vec<u8>,
    /// The PE in question; `None` for a pod of no policy, which passes everywhere.
    pub pe: Option<Arc<Pe>>,
    /// What is remembered of it.
    pub attempt: Attempt,
    /// The nodes that passed; none are listed for a pod of no policy.
    pub passed: Vec<NodeIndex>,
    /// Why nothing could be said at all.
    pub error: Option<&'static str>,
}

pub(super) const NOT_LISTED: &str =
    "StaleState: nodes, pods, pools and jobs have not been listed yet; the pod is tried again";
/// An error is tried again soon; a refusal would wait for something to happen in kube-scheduler's own world.
const UNSEEN: &str =
    "StaleState: the ProcessingElement that the pod belongs to has not been seen yet; the pod is tried again";
/// A refusal by what may not come to pass would outlive it.
const IN_THE_WAY: &str =
    "StaleState: PEs that are being bound stand in the way on every node that is left; the pod is tried again";
const WHOLE_NODES: &str =
    "whole nodes were sent: set nodeCacheCapable: true for this extender in KubeSchedulerConfiguration";

/// Decides for every node in question.
///
/// `outlook` is the snapshot with what is proposed and not committed yet, where there is such: see
/// [`Reservations::with_reservations`]. Nodes that it refuses are refused while it leaves one; where it leaves none, a proposal that
/// fails could free one without anybody being told, so that the pod is to be tried again instead.
///
/// [`Reservations::with_reservations`]: crate::state::Tentative::outlook
#[must_use]
pub fn filter(
    arguments: &Arguments<'_>,
    snapshot: &Snapshot,
    with_reservations: Option<&Snapshot>,
    policies: &PolicySet,
) -> Filtered {
    let Candidates::Names(names) = &arguments.candidates else { return cannot_say(WHOLE_NODES) };
    let Some(pe) = policies.pe(&arguments.pod, snapshot.declared()).map(Arc::new) else {
        let body = encode::filter_result(names.iter().map(|name| &**name), std::iter::empty(), names.len());
        return unfiltered(body, names.len(), None);
    };
    if !snapshot.is_complete() {
        return cannot_say(NOT_LISTED);
    }
    if pe.awaits().is_some() {
        return cannot_say(UNSEEN);
    }
    let expected = with_reservations.unwrap_or(snapshot);
    let case = Case::new(&pe, expected);
    let (passed, rejected) = judge(&case, names, expected);
    if passed.is_empty()
        && with_reservations.is_some()
        && !judge(&Case::new(&pe, snapshot), names, snapshot).0.is_empty()
    {
        return cannot_say(IN_THE_WAY);
    }
    let body = encode::filter_result(passed.iter().map(|(name, _)| *name), rejected.iter().copied(), names.len());
    let mut counts: BTreeMap<Reason, usize> = BTreeMap::new();
    for (_, reason) in rejected {
        *counts.entry(reason).or_default() += 1;
    }
    let passed: Vec<NodeIndex> = passed.into_iter().map(|(_, index)| index).collect();
    let (version, choice) = (snapshot.version(), Choice::only(&case, &passed));
    let attempt = Attempt { version, asked: names.len(), rejected: counts, choice };
    Filtered { body, attempt, passed, error: None, pe: Some(pe) }
}

/// Nodes that pass, and nodes that are refused.
type Judged<'n> = (Vec<(&'n str, NodeIndex)>, Vec<(&'n str, Reason)>);

/// What is said of a PE and each of these nodes.
pub(super) fn judge<'n, N: AsRef<str>>(case: &Case<'_>, names: &'n [N], snapshot: &Snapshot) -> Judged<'n> {
    let mut passed: Vec<(&str, NodeIndex)> = Vec::with_capacity(names.len());
    let mut rejected: Vec<(&str, Reason)> = Vec::new();
    // All are looked up before any is judged: each look waits for memory, and many can wait together.
    let found: Vec<Option<NodeIndex>> = names.iter().map(|name| snapshot.find(name.as_ref())).collect();
    for (name, found) in names.iter().map(AsRef::as_ref).zip(found) {
        let found = found.ok_or(Rejection::NodeUnknown);
        match found.and_then(|index| case.verdict(index).map(|()| index)) {
            Ok(index) => passed.push((name, index)),
            Err(rejection) => rejected.push((name, rejection.reason())),
        }
    }
    (passed, rejected)
}

fn cannot_say(problem: &'static str) -> Filtered {
    unfiltered(encode::filter_error(problem), 0, Some(problem))
}

fn unfiltered(body: Vec<u8>, asked: usize, error: Option<&'static str>) -> Filtered {
    Filtered { body, pe: None, attempt: Attempt { asked, ..Attempt::default() }, passed: Vec::new(), error }
}
