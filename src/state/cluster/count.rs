//! Counts a pod on its node and in its job: as the pod is now, in place of how it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::departed_job::DepartedJob;
use super::fold::{Cluster, Entry};
use crate::model::{HostChoice, JobId, ObjectId, Pe, Pod, PodPhase, PodUid, Scope};
use crate::state::job_state::{JobState, MemberState, PreviousNode};
use crate::state::node_state::NodeIndex;

impl Cluster {
    /// Reads these pods again; returns their number.
    pub(super) fn replace_all(&mut self, is_meant: impl Fn(&Entry) -> bool) -> usize {
        let pods = self.pods.iter().filter(|entry| is_meant(entry)).map(|entry| Arc::clone(&entry.pod)).collect();
        self.replace_in_order(pods)
    }

    /// Reads the pods of these UIDs again.
    pub(super) fn replace_these(&mut self, uids: &BTreeSet<PodUid>) {
        let entries = uids.iter().filter_map(|uid| self.pods.get(uid.as_str()));
        let pods = entries.map(|entry| Arc::clone(&entry.pod)).collect();
        self.replace_in_order(pods);
    }

    fn replace_in_order(&mut self, mut pods: Vec<Arc<Pod>>) -> usize {
        pods.sort_unstable_by(|left, right| left.key.cmp(&right.key));
        let count = pods.len();
        for pod in pods {
            self.replace(pod);
        }
        count
    }

    /// Counts a pod as it is now, in place of how it was.
    pub(super) fn replace(&mut self, pod: Arc<Pod>) {
        let uid = pod.key.uid.clone();
        let before = self.pods.take(uid.as_str());
        let most_placed = before.as_ref().and_then(|before| self.current.job(&before.pe.as_ref()?.job));
        let most_placed = most_placed.map_or(0, |job| job.most_placed);
        if let Some(before) = &before {
            self.uncount(before);
        }
        let bound = if pod.phase == PodPhase::Finished {
            None
        } else {
            pod.node.clone().or_else(|| self.assumed(uid.as_str()).cloned())
        };
        let held = before.as_ref().and_then(|before| before.pe.as_ref()?.exclusive_hold);
        let pe = self.policies.pe(&pod, &self.current.declared).map(|pe| {
            let exclusive_hold =
                bound.as_ref().and_then(|_| held.or(pe.exclusive_hold).or_else(|| self.exclusive_scope(&pe)));
            Arc::new(self.shared_values.pe(Pe { exclusive_hold, ..pe }))
        });
        let waits = pe.as_ref().is_some_and(|pe| !pe.is_held) && pod.phase == PodPhase::Active && !self.is_orphan(&pod);
        if pod.node.is_some() || !waits {
            self.reserved_pods.remove(&uid);
            self.forget_unoffered(&uid);
        }
        self.current.has_reserved_nodes = !self.reserved_pods.is_empty();
        let is_reserved = bound.is_none() && self.reserved_pods.contains_key(&uid);
        let node = bound.or_else(|| self.reserved(uid.as_str()).cloned()).map(|name| self.index_of(&name));
        let entry = Entry { pod, pe, node, is_reserved };
        self.count(&entry);
        if let Some(pe) = &entry.pe {
            self.note_placed_members(&pe.job, most_placed);
        }
        if let Some(before) = before.and_then(|before| before.pe) {
            self.compare(&before, entry.pe.as_deref());
        }
        if let Some((pe, kill)) = entry.pe.as_ref().zip(entry.pod.oom_kill.as_deref()) {
            self.note_oom_kill(pe, kill);
        }
        self.pods.insert(entry);
    }

    /// The scope of the exclusive pool that a PE names.
    fn exclusive_scope(&self, pe: &Pe) -> Option<Scope> {
        let spec = pe.spec.as_ref().ok()?;
        let HostChoice::Pool(id) = &spec.hosts else { return None };
        let pool = self.current.pools.get(id)?;
        pool.mode.is_exclusive().then_some(spec.exclusive_scope)
    }

    /// Reads the placed PEs of these pools again: one of the pools may have been seen for the first time.
    pub(super) fn hold_nodes_of(&mut self, pools: &BTreeSet<ObjectId>) {
        let is_exclusive = |id: &ObjectId| self.current.pools.get(id).is_some_and(|pool| pool.mode.is_exclusive());
        let exclusive: BTreeSet<ObjectId> = pools.iter().filter(|id| is_exclusive(id)).cloned().collect();
        if !exclusive.is_empty() {
            let is_placed = |uid: &PodUid| self.pods.get(uid.as_str()).is_some_and(|entry| entry.node.is_some());
            let placed = self.by_pool.of(&exclusive).into_iter().filter(is_placed).collect();
            self.replace_these(&placed);
        }
    }

    /// Notes a change of the placement spec of a PE.
    fn compare(&mut self, before: &Pe, now: Option<&Pe>) {
        let differs = |now: &Pe| now.spec != before.spec || now.awaited.is_some() != before.awaited.is_some();
        if now.is_some_and(differs) {
            self.note_spec_change([before.job.clone()]);
        }
        self.forget_spec_change(&before.job);
    }

    /// Notes that the placement spec of a PE of each of these jobs has changed. Before the snapshot is complete, no PE
    /// has been rejected that could pass now.
    pub(super) fn note_spec_change(&mut self, jobs: impl IntoIterator<Item = JobId>) {
        if !self.current.complete {
            return;
        }
        self.note_released_nodes();
        let version = self.current.version;
        Arc::make_mut(&mut self.current.spec_changes).extend(jobs.into_iter().map(|job| (job, version)));
    }

    /// Notes a spec change of every job with a PE in one of these pools. The pools have changed.
    pub(super) fn note_pool_change(&mut self, pools: &BTreeSet<ObjectId>) {
        let pods = self.by_pool.of(pools);
        let pes = pods.iter().filter_map(|uid| self.pods.get(uid.as_str())?.pe.as_ref());
        let with_member = pes.filter(|pe| self.current.job(&pe.job).is_some());
        let jobs: BTreeSet<JobId> = with_member.map(|pe| pe.job.clone()).collect();
        self.note_spec_change(jobs);
    }

    /// Notes a change that kube-scheduler does not see, after which nodes may pass for PEs of any job.
    pub(super) fn note_released_nodes(&mut self) {
        self.current.nodes_released_in = self.current.version;
    }

    /// Forgets the spec change of a job that has no PE any more.
    pub(super) fn forget_spec_change(&mut self, job: &JobId) {
        if self.current.spec_changes.contains_key(job) && self.current.job(job).is_none() {
            Arc::make_mut(&mut self.current.spec_changes).remove(job);
        }
    }

    fn count(&mut self, entry: &Entry) {
        self.index(entry);
        let is_leaving = entry.pod.phase != PodPhase::Active || self.is_orphan(&entry.pod);
        // Rules between PEs ignore a PE that is leaving (`docs/design.md`, D5).
        let pe = entry.pe.as_ref().filter(|_| !is_leaving);
        if let Some(index) = entry.node {
            self.current.change_node(index, |state| {
                state.add_pod(&entry.pod, pe);
                state.reserved_pods += u64::from(entry.is_reserved);
            });
        }
        if let Some(pe) = pe {
            let state = match entry.node {
                Some(index) if entry.is_reserved => MemberState::Reserved(index),
                Some(index) => MemberState::Bound(index),
                None if pe.is_held => MemberState::Held,
                None => MemberState::Waiting,
            };
            self.change_job(&pe.job, |job| job.join(pe, state));
        }
        // A pod that leaves is on the node of its PE too: after a restart, this process sees no earlier version of it.
        if let Some(pe) = entry.pe.as_ref().filter(|pe| pe.pod.phase != PodPhase::Finished)
            && let (Some(node), Some(owner_uid)) = (&pe.pod.node, &pe.owner_uid)
        {
            let (since, node, owner_uid) = (pe.pod.created, node.clone(), Arc::clone(owner_uid));
            self.remember_previous_node(&pe.job, &pe.name, &PreviousNode { since, node, owner_uid });
        }
    }

    pub(super) fn uncount(&mut self, entry: &Entry) {
        self.unindex(entry);
        if let Some(index) = entry.node {
            let was_saturated = self.current.change_node(index, |state| {
                let was_saturated = state.requested.is_saturated() || state.limits.is_saturated();
                state.remove_pod(&entry.pod);
                state.reserved_pods = state.reserved_pods.saturating_sub(u64::from(entry.is_reserved));
                was_saturated
            });
            if was_saturated == Some(true) {
                self.sum_up_again(index);
            }
        }
        if let Some(pe) = &entry.pe {
            let is_empty = self.current.change_job(&pe.job, |job| {
                job.members.retain(|member| member.pe.pod.key.uid != entry.pod.key.uid);
                job.members.is_empty()
            });
            if is_empty == Some(true)
                && let Some(gone) = self.current.jobs.remove(&pe.job)
                && !gone.previous_nodes.is_empty()
            {
                self.keep_departed(DepartedJob { id: pe.job.clone(), state: Arc::unwrap_or_clone(gone) });
            }
        }
        if let Some(index) = entry.node {
            self.release(index);
        }
    }

    /// Notes how many members of a job have a node, bound or reserved: a gang that was placed as a whole stays placed while
    /// one of its members is bound. `before` is the largest such number so far.
    pub(super) fn note_placed_members(&mut self, job: &JobId, before: usize) {
        self.current.change_job(job, |job| job.note_placed_members(before));
    }

    /// Adds the requests and limits on a node up again: a saturated sum has lost by how much it was exceeded.
    fn sum_up_again(&mut self, index: NodeIndex) {
        let on_node = self.pods.iter().filter(|entry| entry.node == Some(index));
        let resources: Vec<_> = on_node.map(|entry| Arc::clone(&entry.pod.resources)).collect();
        self.current.change_node(index, |state| state.set_requests(&resources));
    }

    /// Changes the state of a job. A job that has none gets one.
    fn change_job(&mut self, id: &JobId, change: impl FnOnce(&mut JobState)) {
        let departed = &mut self.departed;
        let make = || {
            let at = departed.iter().position(|departed| departed.id == *id);
            let departed = at.and_then(|at| departed.remove(at));
            let departed = departed.map(|departed| departed.state).unwrap_or_default();
            JobState { most_placed: 0, ..departed }
        };
        self.current.change_or_make_job(id, make, change);
    }
}

#[cfg(test)]
#[path = "tests/count.rs"]
mod tests;
