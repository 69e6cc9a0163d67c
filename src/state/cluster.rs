//! The cluster as it changes: watch events and our own commitments, folded into rows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::event::Event;
use super::snapshot::{Member, NodeIndex, NodeRow, Snapshot};
use crate::model::{Node, NodeName, Pe, Pod, PodPhase, PodUid, Pool, Resources};
use crate::policy::PolicySet;

/// The cluster: one writer folds events and commitments into it and publishes snapshots.
#[derive(Debug, Default)]
pub struct Cluster {
    policies: PolicySet,
    pods: HashMap<PodUid, Entry, ahash::RandomState>,
    /// Commitments that the watch does not show yet: the ledger. A tree, for it is walked.
    ledger: BTreeMap<PodUid, NodeName>,
    /// PEs that waited when we took over and do not carry our epoch yet (D17).
    unfenced: BTreeMap<PodUid, Arc<Pe>>,
    free: Vec<NodeIndex>,
    rows: Snapshot,
    nodes_listed: bool,
    pods_listed: bool,
    pools_listed: bool,
}

#[derive(Debug)]
struct Entry {
    pod: Arc<Pod>,
    pe: Option<Arc<Pe>>,
    /// Where it is counted.
    node: Option<NodeIndex>,
}

/// A pod that we have not seen, or that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pod is not known, or is gone")]
pub struct UnknownPod;

impl Cluster {
    /// An empty cluster under these policies.
    #[must_use]
    pub fn new(policies: PolicySet) -> Self {
        Self { policies, ..Self::default() }
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: Event) {
        self.rows.version += 1;
        match event {
            Event::Node(node) => self.put_node(node),
            Event::NodeGone(name) => self.drop_node(&name),
            Event::NodesListed(nodes) => self.list_nodes(nodes),
            Event::Pod(pod) => self.put_pod(*pod),
            Event::PodGone(uid) => self.drop_pod(&uid),
            Event::PodsListed(pods) => self.list_pods(pods),
            Event::Pool(pool) => self.put_pool(pool),
            Event::PoolGone(id) => {
                Arc::make_mut(&mut self.rows.pools).remove(&id);
            }
            Event::PoolsListed(pools) => {
                self.rows.pools = Arc::new(pools.into_iter().map(|pool| (pool.id.clone(), Arc::new(pool))).collect());
                self.pools_listed = true;
            }
            Event::Policies(policies) => self.govern_by(policies),
        }
        self.rows.complete = self.nodes_listed && self.pods_listed && self.pools_listed;
    }

    /// The cluster at this moment.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.rows
    }

    /// The policies in force.
    #[must_use]
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// A pod by UID, and the PE that it is.
    #[must_use]
    pub fn pod(&self, uid: &str) -> Option<(&Arc<Pod>, Option<&Arc<Pe>>)> {
        self.pods.get(uid).map(|entry| (&entry.pod, entry.pe.as_ref()))
    }

    /// How many commitments the watch does not show yet.
    #[must_use]
    pub fn ledger_len(&self) -> usize {
        self.ledger.len()
    }

    /// Where the ledger has committed a pod to.
    #[must_use]
    pub fn committed(&self, uid: &str) -> Option<&NodeName> {
        self.ledger.get(uid)
    }

    /// Counts a pod on a node from now on, before the API server knows.
    ///
    /// The commitment holds until the watch shows the pod on a node, shows it gone, or [`forget`](Self::forget) is
    /// called.
    ///
    /// # Errors
    /// [`UnknownPod`] when no such pod is known.
    pub fn commit(&mut self, uid: &PodUid, node: &NodeName) -> Result<(), UnknownPod> {
        let pod = Arc::clone(&self.pods.get(uid).ok_or(UnknownPod)?.pod);
        self.rows.version += 1;
        self.ledger.insert(uid.clone(), node.clone());
        self.replace(pod);
        Ok(())
    }

    /// Takes a commitment back: the Binding was refused for good.
    pub fn forget(&mut self, uid: &PodUid) {
        if self.ledger.remove(uid).is_some()
            && let Some(entry) = self.pods.get(uid)
        {
            self.rows.version += 1;
            let pod = Arc::clone(&entry.pod);
            self.replace(pod);
        }
    }

    /// Takes over from whoever placed before: every PE that waits now may have a Binding of theirs in flight.
    pub fn take_over(&mut self) {
        let waiting =
            self.pods.values().filter(|entry| entry.pod.node.is_none() && entry.pod.phase == PodPhase::Active);
        self.unfenced =
            waiting.filter_map(|entry| Some((entry.pod.key.uid.clone(), Arc::clone(entry.pe.as_ref()?)))).collect();
    }

    /// The PEs that waited when we took over and that an older process may still bind.
    pub fn unfenced(&self) -> impl Iterator<Item = &Arc<Pe>> {
        self.unfenced.values()
    }

    /// Notes that a Binding of our own for this PE may or may not land: it is treated like one of an older process.
    pub fn doubt(&mut self, uid: &PodUid) {
        if let Some(pe) = self.pods.get(uid).and_then(|entry| entry.pe.clone()) {
            self.unfenced.insert(uid.clone(), pe);
        }
    }

    /// Notes that a pod carries our epoch: no older Binding of it can succeed any more.
    pub fn fenced(&mut self, uid: &PodUid) {
        self.unfenced.remove(uid);
    }

    fn put_node(&mut self, node: Node) {
        let index = self.index_of(&node.name);
        if let Some(row) = self.row(index) {
            row.node = Some(Arc::new(node));
        }
    }

    fn drop_node(&mut self, name: &NodeName) {
        let Some(index) = self.rows.find(name.as_str()) else { return };
        if let Some(row) = self.row(index) {
            row.node = None;
        }
        self.release(index);
    }

    fn list_nodes(&mut self, nodes: Vec<Node>) {
        let listed: HashSet<NodeName, ahash::RandomState> = nodes.iter().map(|node| node.name.clone()).collect();
        let gone: Vec<NodeName> =
            self.rows.nodes().map(|(_, row, _)| row.name.clone()).filter(|name| !listed.contains(name)).collect();
        for name in gone {
            self.drop_node(&name);
        }
        for node in nodes {
            self.put_node(node);
        }
        self.nodes_listed = true;
    }

    fn put_pod(&mut self, pod: Pod) {
        // The truth of the API server takes the place of our commitment, whether it agrees or not.
        if pod.node.is_some() || pod.phase == PodPhase::Finished {
            self.ledger.remove(&pod.key.uid);
            self.unfenced.remove(&pod.key.uid);
        }
        self.replace(Arc::new(pod));
    }

    fn drop_pod(&mut self, uid: &PodUid) {
        self.ledger.remove(uid);
        self.unfenced.remove(uid);
        if let Some(entry) = self.pods.remove(uid) {
            self.uncount(&entry);
        }
    }

    fn list_pods(&mut self, pods: Vec<Pod>) {
        let listed: HashSet<&PodUid, ahash::RandomState> = pods.iter().map(|pod| &pod.key.uid).collect();
        let mut gone: Vec<PodUid> = self.pods.keys().filter(|uid| !listed.contains(uid)).cloned().collect();
        gone.sort_unstable();
        for uid in gone {
            self.drop_pod(&uid);
        }
        for pod in pods {
            self.put_pod(pod);
        }
        self.pods_listed = true;
    }

    fn put_pool(&mut self, pool: Pool) {
        Arc::make_mut(&mut self.rows.pools).insert(pool.id.clone(), Arc::new(pool));
    }

    fn govern_by(&mut self, policies: PolicySet) {
        self.policies = policies;
        let mut pods: Vec<Arc<Pod>> = self.pods.values().map(|entry| Arc::clone(&entry.pod)).collect();
        pods.sort_unstable_by(|left, right| left.key.cmp(&right.key));
        for pod in pods {
            self.replace(pod);
        }
    }

    /// Counts a pod as it is now in the place of how it was.
    fn replace(&mut self, pod: Arc<Pod>) {
        let uid = pod.key.uid.clone();
        if let Some(before) = self.pods.remove(&uid) {
            self.uncount(&before);
        }
        let node = if pod.phase == PodPhase::Finished {
            None
        } else {
            pod.node.clone().or_else(|| self.ledger.get(&uid).cloned())
        };
        let node = node.map(|name| self.index_of(&name));
        let pe = self.policies.pe(&pod).map(Arc::new);
        let entry = Entry { pod, pe, node };
        self.count(&entry);
        self.pods.insert(uid, entry);
    }

    fn count(&mut self, entry: &Entry) {
        let footprint = &entry.pod.footprint;
        let ruling = entry.pe.as_ref().filter(|_| entry.pod.phase == PodPhase::Active);
        if let Some(row) = entry.node.and_then(|index| self.row(index)) {
            row.requested.add(&footprint.requests);
            row.limits.add(&footprint.limits);
            row.pods += 1;
            if let Some(pe) = ruling {
                row.pes.push(Arc::clone(pe));
            }
        }
        if let Some(pe) = ruling {
            let jobs = Arc::make_mut(&mut self.rows.jobs);
            let job = Arc::make_mut(jobs.entry(pe.job.clone()).or_default());
            let at = job.members.partition_point(|member| member.pe.pod < pe.pod);
            job.members.insert(at, Member { pe: Arc::clone(pe), node: entry.node });
        }
    }

    fn uncount(&mut self, entry: &Entry) {
        let footprint = &entry.pod.footprint;
        if let Some(row) = entry.node.and_then(|index| self.row(index)) {
            row.requested.subtract(&footprint.requests);
            row.limits.subtract(&footprint.limits);
            row.pods = row.pods.saturating_sub(1);
            row.pes.retain(|pe| pe.pod.uid != entry.pod.key.uid);
        }
        if let Some(pe) = &entry.pe {
            let jobs = Arc::make_mut(&mut self.rows.jobs);
            if let Some(job) = jobs.get_mut(&pe.job) {
                Arc::make_mut(job).members.retain(|member| member.pe.pod.uid != entry.pod.key.uid);
                if job.members.is_empty() {
                    jobs.remove(&pe.job);
                }
            }
        }
        if let Some(index) = entry.node {
            self.release(index);
        }
    }

    fn row(&mut self, index: NodeIndex) -> Option<&mut NodeRow> {
        self.rows.nodes.get_mut(index.0).map(Arc::make_mut)
    }

    /// The place of a node by name, made for it where it has none.
    fn index_of(&mut self, name: &NodeName) -> NodeIndex {
        if let Some(index) = self.rows.find(name.as_str()) {
            return index;
        }
        let row = Arc::new(NodeRow {
            name: name.clone(),
            node: None,
            requested: Resources::default(),
            limits: Resources::default(),
            pods: 0,
            pes: Vec::new(),
        });
        let reused = self.free.pop().filter(|index| index.0 < self.rows.nodes.len());
        let index = reused.unwrap_or(NodeIndex(self.rows.nodes.len()));
        match self.rows.nodes.get_mut(index.0) {
            Some(slot) => *slot = row,
            None => self.rows.nodes.push(row),
        }
        Arc::make_mut(&mut self.rows.by_name).insert(name.clone(), index);
        index
    }

    /// Gives the place of a node free once the node is gone and no pod names it.
    fn release(&mut self, index: NodeIndex) {
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

#[cfg(test)]
#[path = "tests/cluster.rs"]
mod tests;
