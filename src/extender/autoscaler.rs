//! filter and prioritize for nodes that may not exist: autoscalers send them whole, to learn whether one more of a kind
//! would help. Nothing is remembered of such a question.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode::{AutoscalerArguments, DecodeError, arguments, autoscaler_arguments};
use super::filter::{NOT_LISTED, filter, filter_nodes};
use super::prioritize::prioritize;
use super::view::View;
use super::{Arguments, Candidates, encode};
use crate::model::{Node, RequestOutcome};
use crate::placement::{Decision, Foresight, plan_gang};
use crate::policy::PolicySet;
use crate::state::Snapshot;

/// The answer, and how it went: a bounded name for metrics.
type Answered = (Vec<u8>, RequestOutcome);

/// Answers filter over what is known and the nodes that are sent; names that are not known are empty nodes.
///
/// # Errors
/// [`DecodeError`] where the body cannot be read.
pub fn simulate_filter(body: &[u8], snapshot: &Snapshot, policies: &PolicySet) -> Result<Answered, DecodeError> {
    let Some(AutoscalerArguments { pod, nodes }) = autoscaler_arguments(body)? else {
        let filtered = filter(&arguments(body)?, View { filter_decides: false, ..View::new(snapshot, policies) });
        let outcome = match (filtered.error, &filtered.pe) {
            (Some(_), _) => RequestOutcome::Error,
            (None, None) => RequestOutcome::NotOurs,
            (None, Some(_)) if filtered.passed.is_empty() && filtered.attempt.asked > 0 => RequestOutcome::Refused,
            (None, Some(_)) => RequestOutcome::Passed,
        };
        return Ok((filtered.body, outcome));
    };
    let written: BTreeMap<String, &str> =
        nodes.iter().map(|(node, written)| (node.name.to_string(), written.get())).collect();
    let Some(pe) = policies.pe(&pod, snapshot.declared()) else {
        let all = nodes.iter().map(|(_, written)| written.get());
        return Ok((encode::filter_result_whole(all, std::iter::empty()), RequestOutcome::NotOurs));
    };
    if !snapshot.is_complete() {
        return Ok((encode::filter_error(NOT_LISTED), RequestOutcome::Error));
    }
    let (names, nodes) = split(nodes);
    let snapshot = snapshot.with_nodes(nodes);
    let pe = Arc::new(pe);
    let decision = Decision::new(&pe, &snapshot, Foresight::Gang(plan_gang(&pe, &snapshot)));
    let (passed, rejected) = filter_nodes(&decision, &names, &snapshot);
    let back = passed.iter().filter_map(|(name, _)| written.get(*name).copied());
    let body = encode::filter_result_whole(back, rejected.into_iter());
    Ok((body, if passed.is_empty() && !names.is_empty() { RequestOutcome::Refused } else { RequestOutcome::Passed }))
}

/// Answers prioritize in the same way.
///
/// # Errors
/// [`DecodeError`] where the body cannot be read.
pub fn simulate_prioritize(body: &[u8], snapshot: &Snapshot, policies: &PolicySet) -> Result<Answered, DecodeError> {
    let prioritized = match autoscaler_arguments(body)? {
        None => prioritize(&arguments(body)?, View::new(snapshot, policies)),
        Some(AutoscalerArguments { pod, nodes }) => {
            let (names, nodes) = split(nodes);
            let names = names.into_iter().map(Into::into).collect();
            let question = Arguments { pod, candidates: Candidates::Names(names) };
            prioritize(&question, View::new(&snapshot.with_nodes(nodes), policies))
        }
    };
    Ok((prioritized.body, if prioritized.pe.is_some() { RequestOutcome::Scored } else { RequestOutcome::NotOurs }))
}

fn split<T>(nodes: Vec<(Node, T)>) -> (Vec<String>, Vec<Node>) {
    nodes.into_iter().map(|(node, _)| (node.name.to_string(), node)).unzip()
}

#[cfg(test)]
#[path = "tests/autoscaler.rs"]
mod tests;
