//! prioritize: which of the nodes that passed is best.

use std::sync::Arc;

use super::attempt::{Choice, KEPT};
use super::decode::Arguments;
use super::encode;
use crate::model::Pe;
use crate::placement::{Case, Ranking};
use crate::policy::PolicySet;
use crate::state::{NodeIndex, Snapshot};

/// The answer of prioritize, and what the record needs of it.
#[derive(Debug)]
pub struct Prioritized {
    /// The answer, as `HostPriorityList`.
    pub body: Vec<u8>,
    /// The PE in question; `None` for a pod of no policy.
    pub pe: Option<Arc<Pe>>,
    /// The nodes to choose from, as many as are remembered of an attempt; none for a pod of no policy.
    pub choice: Choice,
}

/// Scores every node in question, in view of what is proposed where the snapshot is an [outlook]; nodes that we do not
/// know get 0.
///
/// [outlook]: crate::state::Tentative::outlook
#[must_use]
pub fn prioritize(arguments: &Arguments<'_>, snapshot: &Snapshot, policies: &PolicySet) -> Prioritized {
    let names = arguments.candidates.names();
    let Some(pe) = policies.pe(&arguments.pod, snapshot.declared()).map(Arc::new) else {
        // Every node is scored, or ties among those that are not would be broken at random.
        let body = encode::host_priorities(names.iter().map(|name| (&**name, 0)), names.len());
        return Prioritized { body, pe: None, choice: Choice::default() };
    };
    let mut known: Vec<NodeIndex> = Vec::with_capacity(names.len());
    let mut unknown: Vec<&str> = Vec::new();
    for name in names {
        match snapshot.find(name) {
            Some(index) => known.push(index),
            None => unknown.push(name),
        }
    }
    let case = Case::new(&pe, snapshot);
    let Ranking { best, others } = case.rank_best(KEPT, &known);
    let behind = |(index, score)| Some((snapshot.info(index)?.0.name.as_str(), score));
    let scores = best
        .iter()
        .map(|node| (node.name.as_str(), node.score))
        .chain(others.into_iter().filter_map(behind))
        .chain(unknown.into_iter().map(|name| (name, 0)));
    let body = encode::host_priorities(scores, names.len());
    let choice = Choice::of(&case, best);
    Prioritized { body, choice, pe: Some(pe) }
}
