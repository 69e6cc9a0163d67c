//! Requeues PEs that load protection rejected, once a node is no longer overloaded.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::evaluate::Evaluation;
use super::urgency::most_urgent_first;
use crate::model::{NodeName, ObjectId, Pe};
use crate::state::{NodeIndex, Snapshot};

/// The state of load protection at the last observation.
#[derive(Debug, Default)]
pub struct OverloadCleared {
    /// The overloaded nodes.
    overloaded: BTreeSet<NodeName>,
    /// The jobs that override load protection.
    overriding: BTreeSet<ObjectId>,
}

impl OverloadCleared {
    /// Observes a snapshot, and returns the pending PEs for which load protection no longer rejects a node, the most urgent
    /// first: the node is no longer overloaded, or the job has begun to override load protection. Only rules that read no
    /// other PE are checked for the node.
    pub fn observe<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
        let overloaded = snapshot.nodes().filter(|(_, state, _)| state.overload.is_some());
        let overrides = snapshot.stream_jobs().values().filter(|job| job.override_load_protection);
        let now = Self {
            overloaded: overloaded.map(|(_, state, _)| state.name.clone()).collect(),
            overriding: overrides.map(|job| job.id.clone()).collect(),
        };
        let before = std::mem::replace(self, now);
        let index = |name: &NodeName| snapshot.find(name.as_str());
        let all: Vec<NodeIndex> = before.overloaded.iter().filter_map(index).collect();
        let cleared: Vec<NodeIndex> = before.overloaded.difference(&self.overloaded).filter_map(index).collect();
        let newly_overriding: BTreeSet<&ObjectId> = self.overriding.difference(&before.overriding).collect();
        if cleared.is_empty() && (all.is_empty() || newly_overriding.is_empty()) {
            return Vec::new();
        }
        let pending = snapshot.jobs().flat_map(|(_, job)| &job.members).filter(|member| member.is_unbound());
        let concerned = pending.map(|member| &member.pe).filter(|pe| {
            let job = pe.job.object();
            // A job that overrode load protection before was rejected for another reason.
            !before.overriding.contains(&job)
                && passes_any(pe, if newly_overriding.contains(&job) { &all } else { &cleared }, snapshot)
        });
        most_urgent_first(concerned.collect())
    }
}

fn passes_any(pe: &Arc<Pe>, nodes: &[NodeIndex], snapshot: &Snapshot) -> bool {
    Evaluation::outside_bucket(pe, snapshot)
        .is_ok_and(|evaluation| nodes.iter().any(|index| evaluation.passes_node_rules(*index, snapshot)))
}
