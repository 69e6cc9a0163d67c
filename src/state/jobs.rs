//! The states of all jobs by identity, shared by snapshots.

use std::collections::HashMap;
use std::sync::Arc;

use super::job_state::JobState;
use crate::model::JobId;

/// States by identity. Snapshots share them in shards: a change copies one shard, and the list of shards.
#[derive(Clone, Debug)]
pub(super) struct Jobs {
    shards: Vec<Arc<Shard>>,
    hasher: ahash::RandomState,
}

type Shard = HashMap<JobId, Arc<JobState>, ahash::RandomState>;

/// The number of shards: the list of shards and each shard are short for the largest clusters.
const SHARDS: u64 = 64;

impl Default for Jobs {
    fn default() -> Self {
        let empty = Arc::new(Shard::default());
        Self { shards: (0..SHARDS).map(|_| Arc::clone(&empty)).collect(), hasher: ahash::RandomState::default() }
    }
}

impl Jobs {
    pub(super) fn get(&self, id: &JobId) -> Option<&Arc<JobState>> {
        self.shards.get(self.shard_of(id))?.get(id)
    }

    /// In no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&JobId, &Arc<JobState>)> {
        self.shards.iter().flat_map(|shard| &**shard)
    }

    /// Changes the state of a job; `None` where the job has none.
    pub(super) fn change<T>(&mut self, id: &JobId, change: impl FnOnce(&mut JobState) -> T) -> Option<T> {
        self.get(id)?;
        let state = self.shard(id)?.get_mut(id)?;
        Some(change(Arc::make_mut(state)))
    }

    /// Changes the state of a job. A job that has none gets one first.
    pub(super) fn change_or_make(
        &mut self,
        id: &JobId,
        make: impl FnOnce() -> JobState,
        change: impl FnOnce(&mut JobState),
    ) {
        if let Some(shard) = self.shard(id) {
            change(Arc::make_mut(shard.entry(id.clone()).or_insert_with(|| Arc::new(make()))));
        }
    }

    /// Removes the state of a job.
    pub(super) fn remove(&mut self, id: &JobId) -> Option<Arc<JobState>> {
        self.get(id)?;
        self.shard(id)?.remove(id)
    }

    fn shard(&mut self, id: &JobId) -> Option<&mut Shard> {
        let at = self.shard_of(id);
        self.shards.get_mut(at).map(Arc::make_mut)
    }

    fn shard_of(&self, id: &JobId) -> usize {
        usize::try_from(self.hasher.hash_one(id) % SHARDS).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "tests/jobs.rs"]
mod tests;
