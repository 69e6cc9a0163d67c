//! Placements that were proposed but not committed yet: advice for the decisions that follow, never a promise.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::{NodeName, Pe, PodUid};

/// How long a proposal counts. A scheduling cycle and its bind take milliseconds; nobody tells us of dropped cycles.
const LIFETIME: SignedDuration = SignedDuration::from_secs(5);
/// How many proposals are kept: more can only be outstanding when binds fail.
const CAPACITY: usize = 1_024;

/// Where PEs will probably go: written by prioritize, replaced by the next proposal or the commitment.
///
/// kube-scheduler begins the next cycle before the bind of the last one reaches us. Without this, PEs of one cycle
/// after another would all be sent to the same best node.
#[derive(Debug, Default)]
pub struct Tentative {
    proposals: VecDeque<Proposal>,
}

#[derive(Debug)]
struct Proposal {
    pe: Arc<Pe>,
    node: NodeName,
    expires: Timestamp,
}

impl Tentative {
    /// Notes that `pe` will probably go to `node`; an earlier proposal for the same pod is replaced.
    pub fn propose(&mut self, pe: Arc<Pe>, node: NodeName, now: Timestamp) {
        self.withdraw(&pe.pod.key.uid);
        self.proposals.retain(|proposal| proposal.expires > now);
        if self.proposals.len() >= CAPACITY {
            self.proposals.pop_front();
        }
        let expires = now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX);
        self.proposals.push_back(Proposal { pe, node, expires });
    }

    /// Drops the proposal for a pod: it was committed, or refused.
    pub fn withdraw(&mut self, uid: &PodUid) {
        self.proposals.retain(|proposal| proposal.pe.pod.key.uid != *uid);
    }

    /// The proposals that count at `now`, those of `except` left out.
    pub fn at(&self, now: Timestamp, except: &PodUid) -> impl Iterator<Item = (&Pe, &NodeName)> {
        self.proposals
            .iter()
            .filter(move |proposal| proposal.expires > now && proposal.pe.pod.key.uid != *except)
            .map(|proposal| (&*proposal.pe, &proposal.node))
    }

    /// How many proposals are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.proposals.len()
    }

    /// True when none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.proposals.is_empty()
    }
}

#[cfg(test)]
#[path = "tests/tentative.rs"]
mod tests;
