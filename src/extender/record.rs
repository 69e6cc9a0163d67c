//! The record of a placement: the short account that is written onto the pod in the same write as its node.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::attempt::{Attempt, Choice};
use crate::model::{HostChoice, NodeName, Tag, rounded};
use crate::placement::Decision;
use crate::state::{NodeIndex, Snapshot};

/// The account of one placement, as its decision saw the cluster; as the annotation `outrigger.dev/placement` holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The version of this form.
    pub version: u8,
    /// The node that was chosen.
    pub node: NodeName,
    /// Namespace, name and generation of the job.
    pub job: String,
    /// The PE within the job.
    pub pe: String,
    /// The policy that governed it.
    pub policy: String,
    /// The pool that it asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// The tags that it asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The place of the pool that it asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_index: Option<u32>,
    /// The nodes of the pool that its job has chosen, this one included, by name, where the pool is sized.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allocation: Vec<NodeName>,
    /// The other PEs of its bucket.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bucket: Vec<String>,
    /// The ranking in use.
    pub scheme: &'static str,
    /// Place of the node among those that passed, from 1; absent where no choice was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// How many nodes were asked about; absent where the question is not remembered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<usize>,
    /// How many nodes were refused, by reason.
    #[serde(rename = "refused", skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<&'static str, usize>,
    /// PEs of all jobs on the node per core, this one included, when it was chosen.
    pub crowding: f64,
    /// Risk by limits of the node, from 0 to 1, when it was chosen.
    pub risk: f64,
    /// Share of its declared traffic that stays on the node and in its zone; absent where it declares none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
    /// The snapshot that the placement was verified against.
    pub snapshot: u64,
    /// When it was committed.
    pub time: Timestamp,
}

/// Share of a PE's declared traffic that stays near, from 0 to 1, as far as the other ends were bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// On the node.
    pub node: f64,
    /// In its zone, the node included.
    pub zone: f64,
}

/// The version of the form above.
const VERSION: u8 = 1;

impl Record {
    /// The record of placing the PE of a decision on a node.
    pub(super) fn new(
        decision: &Decision<'_>,
        index: NodeIndex,
        snapshot: &Snapshot,
        attempt: Option<&Attempt>,
        time: Timestamp,
    ) -> Option<Self> {
        let pe = decision.pe();
        let spec = pe.spec.as_ref().ok()?;
        let state = snapshot.node(index)?;
        let decided = attempt.map(|attempt| &attempt.choice);
        // kube-scheduler may choose another node than the best, by what pods ask of itself.
        let is_best = |choice: &&Choice| choice.best.first().is_some_and(|best| best.name == state.name);
        let measured = || Cow::Owned(Choice::new(decision, decision.rank(&[index])));
        let choice = decided.filter(is_best).map_or_else(measured, Cow::Borrowed);
        let terms = choice.best.first()?.terms;
        let (pool, tags) = match &spec.hosts {
            HostChoice::Any => (None, Vec::new()),
            HostChoice::Pool(id) => (Some(id.to_string()), Vec::new()),
            HostChoice::Tags(tags) => (None, tags.clone()),
        };
        let bucket =
            decision.bucket().into_iter().flat_map(|bucket| &bucket.others).map(|pe| pe.name.to_string()).collect();
        let place =
            |choice: &Choice| choice.best.iter().position(|best| best.name == state.name).map(|place| place + 1);
        Some(Self {
            version: VERSION,
            node: state.name.clone(),
            job: pe.job.to_string(),
            pe: pe.name.to_string(),
            policy: pe.policy.to_string(),
            pool,
            tags,
            pool_index: spec.pool_index,
            allocation: choice.allocation.clone(),
            bucket,
            scheme: spec.scheme.as_str(),
            rank: decided.filter(|choice| choice.best.len() > 1).and_then(place),
            asked: attempt.map(|attempt| attempt.asked),
            rejected: attempt
                .into_iter()
                .flat_map(|attempt| &attempt.rejected)
                .map(|(reason, count)| (reason.as_str(), *count))
                .collect(),
            crowding: rounded(terms.crowding),
            risk: rounded(terms.risk),
            traffic: terms.near.map(|near| Traffic { node: rounded(near.node), zone: rounded(near.zone) }),
            snapshot: snapshot.version(),
            time,
        })
    }

    /// The record as the annotation holds it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
