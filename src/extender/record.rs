//! The record of a placement, which the Binding writes onto the pod.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::attempt::{Attempt, Choice};
use crate::model::{HostChoice, NodeName, RiskRecord, Tag, rounded};
use crate::placement::PlacementDecision;
use crate::state::NodeIndex;

/// The record of one placement: the value of the annotation `outrigger.dev/placement`. Its JSON is a public interface.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The version of the form.
    pub version: u8,
    /// The node.
    pub node: NodeName,
    /// Namespace, name and generation of the job.
    pub job: String,
    /// The PE within the job.
    pub pe: String,
    /// The policy of the PE.
    pub policy: String,
    /// The pool that the PE names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// True where the pool is exclusive: the PE holds its node until it is gone, also where the pool is deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
    /// The tags that the PE names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The index of the pool that the PE names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_index: Option<u32>,
    /// The allocation of the job in its sized pool, this node included, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allocation: Vec<NodeName>,
    /// How many further nodes the allocation has: annotations are bounded, and a pool may have 15,000 nodes.
    #[serde(skip_serializing_if = "is_zero")]
    pub allocation_omitted: usize,
    /// The other PEs of the bucket.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bucket: Vec<String>,
    /// How many further PEs the bucket has.
    #[serde(skip_serializing_if = "is_zero")]
    pub bucket_omitted: usize,
    /// The scoring strategy.
    pub scheme: &'static str,
    /// The rank of the node among the nodes that passed, from 1; absent where one node passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// How many nodes filter evaluated; absent where the attempt is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<usize>,
    /// How many nodes were rejected, by reason.
    #[serde(rename = "refused", skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<&'static str, usize>,
    /// PEs of all jobs per core of the node, this PE included.
    pub crowding: f64,
    /// The risk of oversubscription of the node, this PE included, from 0 to 1: by demand where demand is known, else by
    /// limits.
    pub risk: f64,
    /// The parts of the risk by demand; absent where no demand is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demand: Option<RiskRecord>,
    /// The share of the declared traffic that stays local; absent where the PE declares no traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic: Option<RecordedTraffic>,
    /// The version of the snapshot that the placement was verified against.
    pub snapshot: u64,
    /// The time at which the pod was assumed.
    pub time: Timestamp,
}

/// The share of a PE's declared traffic that stays local, from 0 to 1. Traffic with pending PEs is not local.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RecordedTraffic {
    /// The share that stays on the node.
    pub node: f64,
    /// The share that stays in the zone of the node, the node included.
    pub zone: f64,
}

/// How many names a list of a record holds, and how many bytes the names have together. An annotation of the API server
/// holds 256 KiB with all others of the object.
const MOST_NAMES: usize = 64;
const MOST_NAME_BYTES: usize = 4 << 10;

/// The first names of a list, and the number of further ones.
fn bounded<T: AsRef<str>>(mut names: Vec<T>) -> (Vec<T>, usize) {
    let mut bytes = 0;
    let mut fits = |name: &T| {
        bytes += name.as_ref().len();
        bytes <= MOST_NAME_BYTES
    };
    let kept = names.iter().take(MOST_NAMES).take_while(|name| fits(name)).count();
    let omitted = names.len() - kept;
    names.truncate(kept);
    (names, omitted)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The version of the form of [`Record`].
const VERSION: u8 = 1;

impl Record {
    /// The record of the placement of a decision's PE on a node; `None` where the PE's placement spec is invalid.
    pub(super) fn new(
        decision: &PlacementDecision<'_>,
        index: NodeIndex,
        attempt: Option<&Attempt>,
        time: Timestamp,
    ) -> Option<Self> {
        let (pe, snapshot) = (decision.pe(), decision.snapshot());
        let spec = pe.spec.as_ref().ok()?;
        let state = snapshot.node(index)?;
        let decided = attempt.map(|attempt| &attempt.choice);
        // kube-scheduler may choose another node than the best, by its own scores. That node is scored now.
        let is_best = |choice: &&Choice| choice.best.first().is_some_and(|best| best.name == state.name);
        let measured = || Cow::Owned(Choice::new(decision, decision.rank(&[index])));
        let choice = decided.filter(is_best).map_or_else(measured, Cow::Borrowed);
        let terms = choice.best.first()?.terms;
        let (pool, tags) = match &spec.hosts {
            HostChoice::Any => (None, Vec::new()),
            HostChoice::Pool(id) => (Some(id), Vec::new()),
            HostChoice::Tags(tags) => (None, tags.clone()),
        };
        let exclusive = pool.and_then(|id| snapshot.pools().get(id)).is_some_and(|pool| pool.mode.is_exclusive());
        let others = decision.bucket().into_iter().flat_map(|bucket| &bucket.others);
        let (bucket, bucket_omitted) = bounded(others.map(|pe| pe.name.to_string()).collect());
        let (mut allocation, allocation_omitted) = bounded(choice.allocation.clone());
        // The node itself belongs to the allocation, and is never left out.
        if allocation_omitted > 0 && !allocation.contains(&state.name) {
            allocation.pop();
            allocation.push(state.name.clone());
        }
        let demand = decision.risk(index).as_ref().map(RiskRecord::from);
        let place =
            |choice: &Choice| choice.best.iter().position(|best| best.name == state.name).map(|place| place + 1);
        Some(Self {
            version: VERSION,
            node: state.name.clone(),
            job: pe.job.to_string(),
            pe: pe.name.to_string(),
            policy: pe.policy.to_string(),
            pool: pool.map(ToString::to_string),
            exclusive,
            tags,
            pool_index: spec.pool_index,
            allocation,
            allocation_omitted,
            bucket,
            bucket_omitted,
            scheme: spec.scheme.as_str(),
            rank: decided.filter(|choice| choice.best.len() > 1).and_then(place),
            asked: attempt.map(|attempt| attempt.evaluated_nodes),
            rejected: attempt
                .into_iter()
                .flat_map(|attempt| &attempt.rejected)
                .map(|(reason, count)| (reason.as_str(), *count))
                .collect(),
            crowding: rounded(terms.crowding),
            // By demand it is the risk that bind has verified, so that it agrees with its parts.
            risk: rounded(demand.as_ref().map_or(terms.risk, |demand| demand.corrected)),
            demand,
            traffic: terms
                .locality
                .map(|share| RecordedTraffic { node: rounded(share.node), zone: rounded(share.zone) }),
            snapshot: snapshot.version(),
            time,
        })
    }

    /// The record as JSON: at most 16 KiB.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "tests/record.rs"]
mod tests;
