//! A pod counts on its node and in its job as it is now, in the place of how it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Cluster, DEPARTED, Entry};
use crate::model::{HostChoice, JobId, NodeName, Pe, Pod, PodPhase, PodUid, PoolId, Resources};
use crate::state::job_row::{Home, JobRow};
use crate::state::node_row::{NodeIndex, NodeRow};

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
            pod.node.clone().or_else(|| self.committed(uid.as_str()).cloned())
        };
        let node = node.map(|name| self.index_of(&name));
        let pe = self.policies.pe(&pod, &self.rows.declared).map(|pe| Arc::new(self.copies.pe(pe)));
        let entry = Entry { pod, pe, node };
        self.count(&entry);
        if let Some(before) = before.and_then(|before| before.pe) {
            self.compare(&before, entry.pe.as_deref());
        }
        self.pods.insert(entry);
    }

    /// Notes it where a PE wishes something else than before.
    fn compare(&mut self, before: &Pe, now: Option<&Pe>) {
        let differs = |now: &Pe| now.wishes != before.wishes || now.awaits().is_some() != before.awaits().is_some();
        if now.is_some_and(differs) {
            self.rethink([before.job.clone()]);
        }
        self.forget_rethought(&before.job);
    }

    /// Notes that a PE of each of these jobs is not what it was. Before everything is listed nothing has been decided that
    /// could be decided otherwise now.
    pub(super) fn rethink(&mut self, jobs: impl IntoIterator<Item = JobId>) {
        if !self.rows.complete {
            return;
        }
        let version = self.rows.version;
        Arc::make_mut(&mut self.rows.rethought).extend(jobs.into_iter().map(|job| (job, version)));
    }

    /// Notes that pools are not what they were.
    pub(in crate::state) fn rethink_pools(&mut self, pools: &BTreeSet<PoolId>) {
        let names_one = |pe: &Pe| {
            pe.wishes.as_ref().is_ok_and(|wishes| matches!(&wishes.hosts, HostChoice::Pool(id) if pools.contains(id)))
        };
        let jobs = self.rows.jobs.iter().filter(|(_, row)| row.members.iter().any(|member| names_one(&member.pe)));
        let jobs: Vec<JobId> = jobs.map(|(id, _)| id.clone()).collect();
        self.rethink(jobs);
    }

    /// Forgets that a job has rethought once it has no PE any more.
    pub(super) fn forget_rethought(&mut self, job: &JobId) {
        if self.rows.rethought.contains_key(job) && self.rows.job(job).is_none() {
            Arc::make_mut(&mut self.rows.rethought).remove(job);
        }
    }

    fn count(&mut self, entry: &Entry) {
        self.note_object(entry);
        let footprint = &entry.pod.footprint;
        let is_leaving = entry.pod.phase != PodPhase::Active || self.is_orphan(&entry.pod);
        let ruling = entry.pe.as_ref().filter(|_| !is_leaving);
        if let Some(index) = entry.node {
            self.rows.nodes.change(index.number(), |row| {
                row.requested.add(&footprint.requests);
                row.limits.add(&footprint.limits);
                row.pods += 1;
                row.take_ports(entry.pod.host_ports());
                if let Some(pe) = ruling {
                    row.put(pe);
                }
            });
        }
        if let Some(pe) = ruling {
            let bound = entry.pod.node.clone();
            self.change_job(&pe.job, |job| {
                job.join(pe, entry.node);
                if let (Some(node), Some(lineage)) = (bound, &pe.lineage) {
                    job.homes.insert(Arc::clone(&pe.name), Home { node, lineage: Arc::clone(lineage) });
                }
            });
        }
    }

    pub(super) fn uncount(&mut self, entry: &Entry) {
        self.forget_object(entry);
        let footprint = &entry.pod.footprint;
        if let Some(index) = entry.node {
            let is_lost = self.rows.nodes.change(index.number(), |row| {
                let is_lost = row.requested.is_saturated() || row.limits.is_saturated();
                row.requested.subtract(&footprint.requests);
                row.limits.subtract(&footprint.limits);
                row.pods = row.pods.saturating_sub(1);
                row.free_ports(entry.pod.host_ports());
                row.remove(&entry.pod.key.uid);
                is_lost
            });
            if is_lost == Some(true) {
                self.sum_up(index);
            }
        }
        if let Some(pe) = &entry.pe {
            let is_empty = self.rows.jobs.change(&pe.job, |job| {
                job.members.retain(|member| member.pe.pod.key.uid != entry.pod.key.uid);
                job.members.is_empty()
            });
            if is_empty == Some(true) {
                let gone = self.rows.jobs.remove(&pe.job).filter(|gone| !gone.homes.is_empty());
                self.departed.extend(gone.map(|gone| (pe.job.clone(), gone.homes.clone())));
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
            requested.add(&entry.pod.footprint.requests);
            limits.add(&entry.pod.footprint.limits);
        });
        self.rows.nodes.change(index.number(), |row| {
            row.requested = requested;
            row.limits = limits;
        });
    }

    /// Changes the row of a job, made for it where it has none.
    fn change_job(&mut self, id: &JobId, change: impl FnOnce(&mut JobRow)) {
        let departed = &mut self.departed;
        let make = || {
            let at = departed.iter().position(|(departed, _)| departed == id);
            let homes = at.and_then(|at| departed.remove(at)).map(|(_, homes)| homes).unwrap_or_default();
            JobRow { members: Vec::new(), homes }
        };
        self.rows.jobs.change_or_make(id, make, change);
    }

    /// The place of a node by name, made for it where it has none.
    pub(super) fn index_of(&mut self, name: &NodeName) -> NodeIndex {
        if let Some(index) = self.rows.find(name.as_str()) {
            return index;
        }
        let index = NodeIndex::at(self.rows.nodes.put(self.free.pop().map(NodeIndex::number), NodeRow::empty(name)));
        Arc::make_mut(&mut self.rows.by_name).insert(name.clone(), index);
        index
    }

    /// Gives the place of a node free once the node is gone and no pod names it.
    pub(super) fn release(&mut self, index: NodeIndex) {
        let Some(row) = self.rows.node(index) else { return };
        if row.node.is_some() || row.pods > 0 {
            return;
        }
        let name = row.name.clone();
        if Arc::make_mut(&mut self.rows.by_name).remove(&name).is_some() {
            self.free.push(index);
        }
    }
}
