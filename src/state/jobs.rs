//! The states of all jobs by identity, shared by snapshots.

use std::sync::Arc;

use super::job_state::JobState;
use super::shards::Shards;
use crate::model::JobId;

/// States by identity.
#[derive(Clone, Debug, Default)]
pub(super) struct Jobs(Shards<JobId, Arc<JobState>>);

impl Jobs {
    pub(super) fn get(&self, id: &JobId) -> Option<&Arc<JobState>> {
        self.0.get(id)
    }

    /// In no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&JobId, &Arc<JobState>)> {
        self.0.iter()
    }

    /// Changes the state of a job; `None` where the job has none.
    pub(super) fn change<T>(&mut self, id: &JobId, change: impl FnOnce(&mut JobState) -> T) -> Option<T> {
        self.get(id)?;
        let state = self.0.shard(id)?.get_mut(id)?;
        Some(change(Arc::make_mut(state)))
    }

    /// Changes the state of a job. A job that has none gets one first.
    pub(super) fn change_or_make(
        &mut self,
        id: &JobId,
        make: impl FnOnce() -> JobState,
        change: impl FnOnce(&mut JobState),
    ) {
        if let Some(shard) = self.0.shard(id) {
            change(Arc::make_mut(shard.entry(id.clone()).or_insert_with(|| Arc::new(make()))));
        }
    }

    /// Removes the state of a job.
    pub(super) fn remove(&mut self, id: &JobId) -> Option<Arc<JobState>> {
        self.0.remove(id)
    }
}

#[cfg(test)]
#[path = "tests/jobs.rs"]
mod tests;
