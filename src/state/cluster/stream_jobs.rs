//! Objects `StreamJob`, and the previous nodes of PEs that their status holds.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::departed_job::DepartedJob;
use super::fold::{Apply, Cluster, Kind};
use crate::model::{JobId, LastPlace, ObjectId, ResourceVersion, StreamJob};
use crate::state::job_state::{JobState, PreviousNode};

/// How many departed jobs are kept. A job is without a PE between two pods of its only PE.
const DEPARTED: usize = 1_024;

impl Apply for StreamJob {
    const KIND: Kind = Kind::StreamJob;

    fn put(self, cluster: &mut Cluster) {
        let id = self.id.clone();
        let known = cluster.current.declared.jobs.get(&id);
        let declares_else = known.is_none_or(|known| known.declares_else_than(&self));
        let last_places = self.last_places.clone();
        Arc::make_mut(&mut cluster.current.declared.jobs).insert(id.clone(), Arc::new(self));
        if declares_else {
            cluster.replace_pes_of(&id);
        }
        cluster.restore_previous_nodes(&id, last_places);
    }

    fn gone(key: &ObjectId, cluster: &mut Cluster) {
        if Arc::make_mut(&mut cluster.current.declared.jobs).remove(key).is_some() {
            cluster.replace_pes_of(key);
        }
    }

    fn list(objects: Vec<Self>, cluster: &mut Cluster) {
        let listed: BTreeSet<&ObjectId> = objects.iter().map(|job| &job.id).collect();
        let known = cluster.current.declared.jobs.keys();
        let gone: Vec<ObjectId> = known.filter(|id| !listed.contains(id)).cloned().collect();
        for id in gone {
            Self::gone(&id, cluster);
        }
        for job in objects {
            job.put(cluster);
        }
    }
}

impl Cluster {
    /// Notes that the watch has shown every `StreamJob` up to this version. PEs that waited for it are read again.
    pub(super) fn show_stream_jobs(&mut self, version: ResourceVersion) {
        if self.current.declared.stream_jobs_shown >= Some(version) {
            return;
        }
        self.current.declared.stream_jobs_shown = Some(version);
        self.current.version += 1;
        let awaiting = self.awaiting.clone();
        self.replace_these(&awaiting);
    }

    /// Reads the PEs of a job again: something else is declared of them.
    fn replace_pes_of(&mut self, job: &ObjectId) {
        let pods = self.by_job.of(&BTreeSet::from([job.clone()]));
        self.replace_these(&pods);
    }

    /// Takes over from the status of a `StreamJob` where PEs were last bound, as an earlier process saw it. What this
    /// process has seen itself is later, and stays.
    fn restore_previous_nodes(&mut self, id: &ObjectId, last_places: Vec<LastPlace>) {
        for LastPlace { generation, pe, owner_uid, node } in last_places {
            let job = JobId { namespace: id.namespace.clone(), name: Arc::clone(&id.name), generation };
            let previous_node = PreviousNode { since: Timestamp::UNIX_EPOCH, node, owner_uid };
            let is_new = |state: &JobState| !state.previous_nodes.contains_key(&pe) && state.has_room_for_a_name();
            if self.state_of(&job).is_none_or(is_new) {
                self.remember_previous_node(&job, &pe, &previous_node);
            }
        }
    }

    /// What is known of a job, with or without a PE at the moment.
    fn state_of(&self, id: &JobId) -> Option<&JobState> {
        let departed = || self.departed.iter().find(|departed| departed.id == *id).map(|departed| &departed.state);
        self.current.job(id).or_else(departed)
    }

    /// Remembers the node of a PE of a job, which may have no PE at the moment.
    pub(super) fn remember_previous_node(&mut self, id: &JobId, pe: &Arc<str>, previous_node: &PreviousNode) {
        let remember = |state: &mut JobState| state.remember(pe, previous_node.clone());
        if self.current.change_job(id, remember).is_some() {
            return;
        }
        if let Some(departed) = self.departed.iter_mut().find(|departed| departed.id == *id) {
            remember(&mut departed.state);
        } else {
            let mut state = JobState::default();
            remember(&mut state);
            self.keep_departed(DepartedJob { id: id.clone(), state });
        }
    }

    /// Keeps the previous nodes of a job that has lost its last PE.
    pub(super) fn keep_departed(&mut self, job: DepartedJob) {
        self.departed.push_back(job);
        self.departed.drain(..self.departed.len().saturating_sub(DEPARTED));
    }
}

#[cfg(test)]
#[path = "tests/stream_jobs.rs"]
mod tests;
