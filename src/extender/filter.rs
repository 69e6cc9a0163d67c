//! filter: which of the nodes in question the pod may go to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode::{Arguments, Candidates};
use super::encode;
use crate::model::{Pe, Reason, Refusal};
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
    /// How many nodes were asked about.
    pub asked: usize,
    /// How many nodes were refused, by reason.
    pub refused: BTreeMap<Reason, usize>,
    /// The nodes that passed; none are listed for a pod of no policy.
    pub passed: Vec<NodeIndex>,
    /// Why nothing could be said at all.
    pub error: Option<&'static str>,
}

impl Filtered {
    /// The only node that passed: kube-scheduler takes it without asking prioritize.
    #[must_use]
    pub fn only(&self) -> Option<NodeIndex> {
        match self.passed.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    fn unfiltered(body: Vec<u8>, asked: usize, error: Option<&'static str>) -> Self {
        Self { body, pe: None, asked, refused: BTreeMap::new(), passed: Vec::new(), error }
    }
}

pub(super) const NOT_LISTED: &str =
    "StaleState: nodes, pods, pools and jobs have not been listed yet; the pod is tried again";
/// An error is tried again soon; a refusal would wait for something to happen in kube-scheduler's own world.
const UNSEEN: &str =
    "StaleState: the ProcessingElement that the pod belongs to has not been seen yet; the pod is tried again";
const WHOLE_NODES: &str =
    "whole nodes were sent: set nodeCacheCapable: true for this extender in KubeSchedulerConfiguration";

/// Decides for every node in question.
#[must_use]
pub fn filter(arguments: &Arguments<'_>, snapshot: &Snapshot, policies: &PolicySet) -> Filtered {
    let Candidates::Names(names) = &arguments.candidates else { return cannot_say(WHOLE_NODES) };
    let Some(pe) = policies.pe(&arguments.pod, snapshot.declared()).map(Arc::new) else {
        let body = encode::filter_result(names.iter().map(|name| &**name), std::iter::empty(), names.len());
        return Filtered::unfiltered(body, names.len(), None);
    };
    if !snapshot.is_complete() {
        return cannot_say(NOT_LISTED);
    }
    if pe.awaits().is_some() {
        return cannot_say(UNSEEN);
    }
    let (passed, refused) = judge(&pe, names, snapshot);
    let body = encode::filter_result(passed.iter().map(|(name, _)| *name), refused.iter().copied(), names.len());
    let mut counts: BTreeMap<Reason, usize> = BTreeMap::new();
    for (_, reason) in refused {
        *counts.entry(reason).or_default() += 1;
    }
    let passed = passed.into_iter().map(|(_, index)| index).collect();
    Filtered { body, pe: Some(pe), asked: names.len(), refused: counts, passed, error: None }
}

/// Nodes that pass, and nodes that are refused.
type Judged<'n> = (Vec<(&'n str, NodeIndex)>, Vec<(&'n str, Reason)>);

/// What is said of a PE and each of these nodes.
pub(super) fn judge<'n, N: AsRef<str>>(pe: &Pe, names: &'n [N], snapshot: &Snapshot) -> Judged<'n> {
    let case = Case::new(pe, snapshot);
    let mut passed: Vec<(&str, NodeIndex)> = Vec::with_capacity(names.len());
    let mut refused: Vec<(&str, Reason)> = Vec::new();
    for name in names.iter().map(AsRef::as_ref) {
        let found = snapshot.find(name).ok_or(Refusal::NodeUnknown);
        match found.and_then(|index| case.verdict(index).map(|()| index)) {
            Ok(index) => passed.push((name, index)),
            Err(refusal) => refused.push((name, refusal.reason())),
        }
    }
    (passed, refused)
}

fn cannot_say(problem: &'static str) -> Filtered {
    Filtered::unfiltered(encode::filter_error(problem), 0, Some(problem))
}
