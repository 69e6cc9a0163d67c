//! A pod counts on its node and in its job as it is now, in the place of how it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Cluster, DEPARTED, Entry};
use crate::model::{HostChoice, JobId, NodeName, Pe, Pod, PodPhase, PodUid, PoolId, Resources};
use crate::state::job_state::{JobState, PreviousNode};
use crate::state::node_state::{NodeIndex, NodeState};

impl Cluster {
    /// Reads the PEs anew that something else is declared of.
    pub(super) fn read_anew(&mut self, is_meant: impl Fn(&Pe) -> bool) {
        self.replace_all(|entry| entry.pe.as_deref().is_some_and(&is_meant));
    }

    /// Reads the pods anew that are meant; says how many.
    pub(in crate::state) fn replace_all(&mut self, is_meant: impl Fn(&Entry) -> bool) -> usize {
        let meant = self.pods.iter().filter(|entry| is_meant(entry));
        let mut pods: Vec<Arc<Pod>> = meant.map(|entry| Arc::clone(&entry.pod)).collect();
        pods.sort_unstable_by(|left, right| left.key.cmp(&right.key));
        let count = pods.len();
        for pod in pods {
            self.replace(pod);
        }
        count
    }

    /// Reads these pods anew.
    pub(in crate::state) fn replace_these(&mut self, uids: &BTreeSet<PodUid>) {
        let mut pods: Vec<Arc<Pod>> =
            uids.iter().filter_map(|uid| self.pods.get(uid.as_str())).map(|entry| Arc::clone(&entry.pod)).collect();
        pods.sort_unstable_by(|left, right| left.key.cmp(&right.key));
        for pod in pods {
            self.replace(pod);
        }
    }

    /// Counts a pod as it is now in the place of how it was.
    pub(super) fn replace(&mut self, pod: Arc<Pod>) {
        let uid = pod.key.uid.clone();
        let before = self.pods.take(uid.as_str());
        if let Some(before) = &before {
            self.uncount(before);
        }
        let node = if pod.phase == PodPhase::Finished {
            None
        } else {
            pod.node.clone().or_else(|| self.assumed(uid.as_str()).cloned())
        };
        let node = node.map(|name| self.index_of(&name));
        let pe = self.policies.pe(&pod, &self.current.declared).map(|pe| Arc::new(self.shared_values.pe(pe)));
        let entry = Entry { pod, pe, node };
        self.count(&entry);
        if let Some(before) = before.and_then(|before| before.pe) {
            self.compare(&before, entry.pe.as_deref());
        }
        self.pods.insert(entry);
    }

    /// Notes it where a PE wishes something else than before.
    fn compare(&mut self, before: &Pe, now: Option<&Pe>) {
        let differs = |now: &Pe| now.spec != before.spec || now.awaits().is_some() != before.awaits().is_some();
        if now.is_some_and(differs) {
            self.note_spec_change([before.job.clone()]);
        }
        self.forget_spec_change(&before.job);
    }

    /// Notes that a PE of each of these jobs is not what it was. Before everything is listed nothing has been decided that
    /// could be decided otherwise now.
    pub(super) fn note_spec_change(&mut self, jobs: impl IntoIterator<Item = JobId>) {
        if !self.current.complete {
            return;
        }
        let version = self.current.version;
        Arc::make_mut(&mut self.current.spec_changes).extend(jobs.into_iter().map(|job| (job, version)));
    }

    /// Notes that pools are not what they were.
    pub(in crate::state) fn note_pool_change(&mut self, pools: &BTreeSet<PoolId>) {
        let names_one = |pe: &Pe| {
            pe.spec.as_ref().is_ok_and(|spec| matches!(&spec.hosts, HostChoice::Pool(id) if pools.contains(id)))
        };
        let jobs =
            self.current.jobs.iter().filter(|(_, state)| state.members.iter().any(|member| names_one(&member.pe)));
        let jobs: Vec<JobId> = jobs.map(|(id, _)| id.clone()).collect();
        self.note_spec_change(jobs);
    }

    /// Forgets that a job has rethought once it has no PE any more.
    pub(super) fn forget_spec_change(&mut self, job: &JobId) {
        if self.current.spec_changes.contains_key(job) && self.current.job(job).is_none() {
            Arc::make_mut(&mut self.current.spec_changes).remove(job);
        }
    }

    fn count(&mut self, entry: &Entry) {
        self.note_object(entry);
        let resources = &entry.pod.resources;
        let is_leaving = entry.pod.phase != PodPhase::Active || self.is_orphan(&entry.pod);
        let ruling = entry.pe.as_ref().filter(|_| !is_leaving);
        if let Some(index) = entry.node {
            self.current.nodes.change(index.number(), |state| {
                state.requested.add(&resources.requests);
                state.limits.add(&resources.limits);
                state.pods += 1;
                state.take_ports(entry.pod.host_ports());
                if let Some(pe) = ruling {
                    state.put(pe);
                }
            });
        }
        if let Some(pe) = ruling {
            let bound = entry.pod.node.clone();
            self.change_job(&pe.job, |job| {
                job.join(pe, entry.node);
                if let (Some(node), Some(owner_uid)) = (bound, &pe.owner_uid) {
                    job.previous_nodes
                        .insert(Arc::clone(&pe.name), PreviousNode { node, owner_uid: Arc::clone(owner_uid) });
                }
            });
        }
    }

    pub(super) fn uncount(&mut self, entry: &Entry) {
        self.forget_object(entry);
        let resources = &entry.pod.resources;
        if let Some(index) = entry.node {
            let is_lost = self.current.nodes.change(index.number(), |state| {
                let is_lost = state.requested.is_saturated() || state.limits.is_saturated();
                state.requested.subtract(&resources.requests);
                state.limits.subtract(&resources.limits);
                state.pods = state.pods.saturating_sub(1);
                state.free_ports(entry.pod.host_ports());
                state.remove(&entry.pod.key.uid);
                is_lost
            });
            if is_lost == Some(true) {
                self.sum_up(index);
            }
        }
        if let Some(pe) = &entry.pe {
            let is_empty = self.current.jobs.change(&pe.job, |job| {
                job.members.retain(|member| member.pe.pod.key.uid != entry.pod.key.uid);
                job.members.is_empty()
            });
            if is_empty == Some(true) {
                let gone = self.current.jobs.remove(&pe.job).filter(|gone| !gone.previous_nodes.is_empty());
                self.departed.extend(gone.map(|gone| (pe.job.clone(), gone.previous_nodes.clone())));
                self.departed.drain(..self.departed.len().saturating_sub(DEPARTED));
            }
        }
        if let Some(index) = entry.node {
            self.release(index);
        }
    }

    /// Sums up what the pods on a node ask for: a sum that has stopped at the largest number has lost the rest.
    fn sum_up(&mut self, index: NodeIndex) {
        let (mut requested, mut limits) = (Resources::default(), Resources::default());
        self.pods.iter().filter(|entry| entry.node == Some(index)).for_each(|entry| {
            requested.add(&entry.pod.resources.requests);
            limits.add(&entry.pod.resources.limits);
        });
        self.current.nodes.change(index.number(), |state| {
            state.requested = requested;
            state.limits = limits;
        });
    }

    /// Changes the row of a job, made for it where it has none.
    fn change_job(&mut self, id: &JobId, change: impl FnOnce(&mut JobState)) {
        let departed = &mut self.departed;
        let make = || {
            let at = departed.iter().position(|(departed, _)| departed == id);
            let previous_nodes =
                at.and_then(|at| departed.remove(at)).map(|(_, previous_nodes)| previous_nodes).unwrap_or_default();
            JobState { members: Vec::new(), previous_nodes }
        };
        self.current.jobs.change_or_make(id, make, change);
    }

    /// The place of a node by name, made for it where it has none.
    pub(super) fn index_of(&mut self, name: &NodeName) -> NodeIndex {
        if let Some(index) = self.current.find(name.as_str()) {
            return index;
        }
        let index =
            NodeIndex::at(self.current.nodes.put(self.free.pop().map(NodeIndex::number), NodeState::empty(name)));
        Arc::make_mut(&mut self.current.by_name).insert(name.clone(), index);
        index
    }

    /// Gives the place of a node free once the node is gone and no pod names it.
    pub(super) fn release(&mut self, index: NodeIndex) {
        let Some(state) = self.current.node(index) else { return };
        if state.node.is_some() || state.pods > 0 {
            return;
        }
        let name = state.name.clone();
        if Arc::make_mut(&mut self.current.by_name).remove(&name).is_some() {
            self.free.push(index);
        }
    }
}
