//! filter and prioritize for nodes that may not exist. An autoscaler sends whole nodes, to find out whether a new node
//! would let a pending pod be placed. No attempt is recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::SchedulingContext;
use super::decode::{AutoscalerArguments, DecodeError, decode_arguments, decode_autoscaler_arguments};
use super::filter::{NOT_LISTED, filter};
use super::prioritize::prioritize;
use super::question::{candidates, filter_nodes};
use super::{CandidateNodes, SchedulingArguments, encode};
use crate::model::{Node, RequestOutcome};
use crate::placement::{Foresight, PlacementDecision, plan_gang};
use crate::policy::PolicySet;
use crate::state::Snapshot;

/// The body of a response, and the outcome for metrics.
type AutoscalerAnswer = (Vec<u8>, RequestOutcome);

/// Filters the nodes of a request. A node that the cluster does not have counts as an empty node.
///
/// # Errors
/// [`DecodeError`] where the body cannot be read.
pub fn simulate_filter(
    body: &[u8],
    snapshot: &Snapshot,
    policies: &PolicySet,
) -> Result<AutoscalerAnswer, DecodeError> {
    let Some(AutoscalerArguments { pod, nodes }) = decode_autoscaler_arguments(body)? else {
        let filtered = filter(
            &decode_arguments(body)?,
            SchedulingContext { filter_decides: false, ..SchedulingContext::new(snapshot, policies) },
        );
        let outcome = match (filtered.error, &filtered.pe) {
            (Some(_), _) => RequestOutcome::Error,
            (None, None) => RequestOutcome::NotOurs,
            (None, Some(_)) if filtered.passed.is_empty() && filtered.attempt.evaluated_nodes > 0 => {
                RequestOutcome::Refused
            }
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
    let snapshot = snapshot.prepare_for(&pe);
    let decision = PlacementDecision::new(&pe, &snapshot, Foresight::Gang(plan_gang(&pe, &snapshot)));
    let (mut passed, rejected) = filter_nodes(&decision, &candidates(&names, &snapshot));
    if decision.cycle().gang().plan().is_some() {
        passed.retain(|(_, index)| Some(*index) == decision.planned_node());
    }
    let back = passed.iter().filter_map(|(name, _)| written.get(*name).copied());
    let body = encode::filter_result_whole(back, rejected.iter().map(|node| (node.name, node.reason)));
    Ok((body, if passed.is_empty() && !names.is_empty() { RequestOutcome::Refused } else { RequestOutcome::Passed }))
}

/// Scores the nodes of a request, with the nodes that the cluster does not have as empty nodes.
///
/// # Errors
/// [`DecodeError`] where the body cannot be read.
pub fn simulate_prioritize(
    body: &[u8],
    snapshot: &Snapshot,
    policies: &PolicySet,
) -> Result<AutoscalerAnswer, DecodeError> {
    let prioritized = match decode_autoscaler_arguments(body)? {
        None => prioritize(&decode_arguments(body)?, SchedulingContext::new(snapshot, policies)),
        Some(AutoscalerArguments { pod, nodes }) => {
            let (names, nodes) = split(nodes);
            let names = names.into_iter().map(Into::into).collect();
            let arguments = SchedulingArguments { pod, candidates: CandidateNodes::NodeNames(names) };
            prioritize(&arguments, SchedulingContext::new(&snapshot.with_nodes(nodes), policies))
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
