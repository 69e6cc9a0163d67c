//! prioritize: which of the nodes that passed is best.

use std::sync::Arc;

use super::attempt::{Choice, KEPT};
use super::decode::Arguments;
use super::encode;
use super::view::View;
use crate::model::Pe;
use crate::placement::Ranking;
use crate::state::NodeIndex;

/// The answer of prioritize, and what the record needs of it.
#[derive(Debug)]
pub struct Prioritized {
    /// The answer, as `HostPriorityList`.
    pub body: Vec<u8>,
    /// The PE in question; `None` for a pod of no policy.
    pub pe: Option<Arc<Pe>>,
    /// The nodes to choose from, as many as an attempt keeps; none for a pod of no policy.
    pub choice: Choice,
}

/// Scores every node in question; unknown nodes get 0.
#[must_use]
pub fn prioritize(arguments: &Arguments<'_>, view: View<'_>) -> Prioritized {
    let names = arguments.candidates.names();
    let Some(pe) = view.policies.pe(&arguments.pod, view.snapshot.declared()).map(Arc::new) else {
        // Every node is scored, or kube-scheduler would break ties among the others at random.
        let body = encode::host_priorities(names.iter().map(|name| (&**name, 0)), names.len());
        return Prioritized { body, pe: None, choice: Choice::default() };
    };
    let snapshot = view.expected();
    let mut known: Vec<NodeIndex> = Vec::with_capacity(names.len());
    let mut unknown: Vec<&str> = Vec::new();
    for name in names {
        match snapshot.find(name) {
            Some(index) => known.push(index),
            None => unknown.push(name),
        }
    }
    let decision = view.decide(&pe, snapshot);
    let Ranking { best, others } = decision.rank_best(KEPT, &known, &view.last_attempt.unbound);
    let behind = |(index, score)| Some((snapshot.info(index)?.0.name.as_str(), score));
    let scores = best
        .iter()
        .map(|node| (node.name.as_str(), node.extender_score))
        .chain(others.into_iter().filter_map(behind))
        .chain(unknown.into_iter().map(|name| (name, 0)));
    let body = encode::host_priorities(scores, names.len());
    let choice = Choice::new(&decision, best);
    Prioritized { body, choice, pe: Some(pe) }
}
