//! prioritize: the scores of the nodes that passed filter.

use std::sync::Arc;

use super::attempt::{Choice, MAX_KEPT_NODES};
use super::context::SchedulingContext;
use super::decode::SchedulingArguments;
use super::encode;
use super::filter::group_places;
use crate::model::{NodeName, Pe};
use crate::placement::Ranking;
use crate::state::NodeIndex;

/// The result of prioritize: the response, and the data for the attempt.
#[derive(Debug)]
pub struct Prioritized {
    /// The response, a `HostPriorityList`.
    pub body: Vec<u8>,
    /// The PE; `None` for a pod that is no PE.
    pub pe: Option<Arc<Pe>>,
    /// The best nodes; empty for a pod that is no PE.
    pub choice: Choice,
    /// The nodes of the other members of the PE's gang or bucket, with the PE on the best node.
    pub group: Vec<(Arc<Pe>, NodeName)>,
}

/// Scores the nodes of a request. Unknown nodes get 0.
#[must_use]
pub fn prioritize(arguments: &SchedulingArguments<'_>, context: SchedulingContext<'_>) -> Prioritized {
    let names = arguments.candidates.names();
    let Some(pe) = context.policies.pe(&arguments.pod, context.snapshot.declared()).map(Arc::new) else {
        // Every node gets a score: kube-scheduler would break ties among the others at random.
        let body = encode::host_priorities(names.iter().map(|name| (&**name, 0)), names.len());
        return Prioritized { body, pe: None, choice: Choice::default(), group: Vec::new() };
    };
    let prepared = context.decision_snapshot().prepare_for(&pe);
    let snapshot = &*prepared;
    let mut known: Vec<NodeIndex> = Vec::with_capacity(names.len());
    let mut unknown: Vec<&str> = Vec::new();
    for name in names {
        match snapshot.find(name) {
            Some(index) => known.push(index),
            None => unknown.push(name),
        }
    }
    let decision = context.decide(&pe, snapshot);
    let Ranking { best, others } = decision.rank_best(MAX_KEPT_NODES, &known, &context.last_attempt.unbound);
    let behind = |(index, score)| Some((snapshot.info(index)?.0.name.as_str(), score));
    let scores = best
        .iter()
        .map(|node| (node.name.as_str(), node.extender_score))
        .chain(others.into_iter().filter_map(behind))
        .chain(unknown.into_iter().map(|name| (name, 0)));
    let body = encode::host_priorities(scores, names.len());
    let choice = Choice::new(&decision, best);
    let group = group_places(&decision, &choice);
    Prioritized { body, choice, group, pe: Some(Arc::clone(&pe)) }
}

#[cfg(test)]
#[path = "tests/prioritize.rs"]
mod tests;
