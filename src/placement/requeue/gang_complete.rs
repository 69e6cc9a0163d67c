//! Requeues PEs of gangs without a count, once no member was created for the quiet time.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::gang::{gang_spec, is_arriving};
use super::urgency::most_urgent_first;
use crate::model::{Gang, JobId, Pe};
use crate::state::Snapshot;

/// The jobs whose gangs waited for more members at the last observation.
#[derive(Debug, Default)]
pub struct GangComplete {
    arriving: BTreeSet<JobId>,
}

impl GangComplete {
    /// Observes a snapshot, and returns the pending PEs of jobs whose gangs have become complete since the last
    /// observation, the most urgent first.
    pub fn observe<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a Arc<Pe>> {
        let young = snapshot.jobs().filter(|(_, state)| is_arriving(snapshot, state)).map(|(id, _)| id);
        let arriving = young.filter(|id| gang_spec(snapshot, id) == Some(Gang::All)).cloned().collect();
        let before = std::mem::replace(&mut self.arriving, arriving);
        let complete = before.difference(&self.arriving).filter_map(|id| snapshot.job(id));
        let pending = complete.flat_map(|job| &job.members).filter(|member| member.is_unbound());
        most_urgent_first(pending.map(|member| &member.pe).collect())
    }
}
