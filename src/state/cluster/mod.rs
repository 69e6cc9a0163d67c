//! The cluster as it changes: watch events and our own commitments, folded into rows.
//!
//! | file | what it does |
//! |---|---|
//! | this one | folds events in, kind by kind |
//! | [`ledger`] | commits, and takes back; takes over from another process |
//! | [`count`] | counts a pod on its node and in its job, and no more |

mod assumed_pods;
mod count;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;

use self::assumed_pods::AssumedPod;
pub use self::assumed_pods::UnknownPod;
use super::event::Event;
use super::job_state::{JobState, PreviousNode};
use super::node_state::{NodeIndex, NodeState};
use super::overload::{self, LoadSummary};
use super::shared_values::SharedValues;
use super::snapshot::Snapshot;
use super::takeover::{Takeover, waits};
use crate::model::{
    JobId, LastPlace, Load, Node, NodeName, ObjectId, Owner, Pe, Pod, PodUid, Pool, PoolId, StreamJob, StreamJobId,
};
use crate::policy::PolicySet;

/// The cluster: one writer folds events and commitments into it and publishes snapshots.
#[derive(Debug, Default)]
pub struct Cluster {
    policies: PolicySet,
    pods: HashSet<Entry, ahash::RandomState>,
    /// Owners that are gone, at least as long as pods name them.
    gone_owners: HashSet<Arc<Owner>, ahash::RandomState>,
    /// Commitments that the watch does not show yet: the ledger. A tree, for it is walked.
    assumed_pods: BTreeMap<PodUid, AssumedPod>,
    takeover: Takeover,
    /// The homes of jobs that have no PE at the moment, the last gone at the end.
    departed: VecDeque<(JobId, PreviousNodes)>,
    shared_values: SharedValues,
    free: Vec<NodeIndex>,
    pub(super) current: Snapshot,
    listed: BTreeSet<Kind>,
    /// What was measured of nodes, whether they are there or not.
    loads: BTreeMap<NodeName, Load>,
    /// The time, as far as we were told.
    now: Timestamp,
    /// Kinds that a cluster may do without, and that are going to be listed.
    pub(super) expected: BTreeSet<&'static str>,
    /// The pods whose wishes stand in an object, by that object.
    pub(super) by_object: BTreeMap<ObjectId, BTreeSet<PodUid>>,
}

/// What has to be listed before anything can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Node,
    Pod,
    Pool,
    StreamJob,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Node, Self::Pod, Self::Pool, Self::StreamJob];
}

type PreviousNodes = BTreeMap<Arc<str>, PreviousNode>;

/// How many jobs without a PE are remembered: for the moment between two incarnations of their only one.
const DEPARTED: usize = 1_024;
/// Up to so many owners that are gone, nobody looks whether a pod still names them.
const FEW_OWNERS: usize = 1_024;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) pod: Arc<Pod>,
    pub(super) pe: Option<Arc<Pe>>,
    /// Where it is counted.
    node: Option<NodeIndex>,
}

// Entries are found by the UID that their pods have anyway.
impl Borrow<str> for Entry {
    fn borrow(&self) -> &str {
        self.pod.key.uid.as_str()
    }
}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<str>::borrow(self).hash(state);
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.pod.key.uid == other.pod.key.uid
    }
}

impl Eq for Entry {}

impl Cluster {
    /// An empty cluster under these policies.
    #[must_use]
    pub fn new(policies: PolicySet) -> Self {
        Self { policies, ..Self::default() }
    }

    /// Folds one event in, in the order of the watch: what is answered to a write or a read of a pod may be ahead of
    /// it, and is never folded in.
    pub fn apply(&mut self, event: Event) {
        // What is measured counts as a change where it makes a node overloaded, or no longer so; that pods are settled or
        // an owner is gone, where that concerns pods.
        let may_change_nothing =
            |event: &Event| matches!(event, Event::Loads(_) | Event::Time(_) | Event::Settled(_) | Event::OwnerGone(_));
        self.current.version += u64::from(!may_change_nothing(&event));
        match event {
            Event::Node(node) => self.put_node(node),
            Event::NodeGone(name) => self.drop_node(&name),
            Event::NodesListed(nodes) => self.list_nodes(nodes),
            Event::Pod(pod) => self.put_pod(*pod),
            Event::PodGone(uid) => self.drop_pod(&uid),
            Event::PodsListed(pods) => self.list_pods(pods),
            Event::OwnerGone(owner) => self.drop_owner(&owner),
            Event::Pool(pool) => self.put_pool(pool),
            Event::PoolGone(id) => self.drop_pool(id),
            Event::PoolsListed(pools) => self.list_pools(pools),
            Event::StreamJob(job) => self.put_stream_job(*job),
            Event::StreamJobGone(id) => self.drop_stream_job(&id),
            Event::StreamJobsListed(jobs) => self.list_stream_jobs(jobs),
            Event::DeclaredPe(change) => self.declare(change),
            Event::DeclaredPool(change) => self.declare(change),
            Event::DeclaredJob(change) => self.declare(change),
            Event::DeclaredRegion(change) => self.declare(change),
            Event::Policies(policies) => self.govern_by(policies),
            Event::Loads(loads) => {
                self.loads = loads;
                self.weigh_all();
            }
            Event::Time(now) => {
                self.now = now;
                self.weigh_all();
            }
            Event::Settled(until) => self.settle(until),
        }
        self.current.complete = self.expected.is_empty() && Kind::ALL.iter().all(|kind| self.listed.contains(kind));
    }

    /// The cluster at this moment.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.current
    }

    /// The policies in force.
    #[must_use]
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// What is known of the load of all nodes; `None` where it is not looked at.
    #[must_use]
    pub fn load_summary(&self) -> Option<LoadSummary> {
        let nodes = self.current.nodes().filter_map(|(_, state, _)| Some((state, self.measured(state)?)));
        let protection = self.policies.load_protection()?;
        Some(LoadSummary::of(protection, &nodes.collect::<Vec<_>>(), self.now))
    }

    /// A pod by UID, and the PE that it is.
    #[must_use]
    pub fn pod(&self, uid: &str) -> Option<(&Arc<Pod>, Option<&Arc<Pe>>)> {
        self.pods.get(uid).map(|entry| (&entry.pod, entry.pe.as_ref()))
    }

    /// True where the owner of a pod is gone, so that the pod is going to be collected.
    #[must_use]
    pub fn is_orphan(&self, pod: &Pod) -> bool {
        pod.owner.as_ref().is_some_and(|owner| self.gone_owners.contains(owner))
    }

    /// The pod of this name.
    #[must_use]
    pub fn named(&self, namespace: &str, name: &str) -> Option<&Arc<Pod>> {
        let is_it = |pod: &&Arc<Pod>| pod.key.name.as_str() == name && pod.key.namespace.as_str() == namespace;
        // The end of one and the beginning of the next may arrive in any order.
        self.pods.iter().map(|entry| &entry.pod).filter(is_it).max_by_key(|pod| (pod.created, &pod.key.uid))
    }

    fn put_node(&mut self, node: Node) {
        let index = self.index_of(&node.name);
        let node = Arc::new(self.shared_values.node(node));
        self.current.nodes.change(index.number(), |state| state.node = Some(node));
        self.weigh(index);
    }

    fn drop_node(&mut self, name: &NodeName) {
        let Some(index) = self.current.find(name.as_str()) else { return };
        self.current.nodes.change(index.number(), |state| {
            state.node = None;
            state.overload = None;
        });
        self.release(index);
    }

    fn list_nodes(&mut self, nodes: Vec<Node>) {
        let listed: HashSet<NodeName, ahash::RandomState> = nodes.iter().map(|node| node.name.clone()).collect();
        let gone: Vec<NodeName> = self
            .current
            .nodes()
            .map(|(_, state, _)| state.name.clone())
            .filter(|name| !listed.contains(name))
            .collect();
        for name in gone {
            self.drop_node(&name);
        }
        for node in nodes {
            self.put_node(node);
        }
        self.listed.insert(Kind::Node);
    }

    fn put_pod(&mut self, pod: Pod) {
        if self.show_pod(pod) {
            self.take_over_again();
        }
    }

    /// Folds a version of a pod in; true when it shows that another process has taken over.
    fn show_pod(&mut self, pod: Pod) -> bool {
        let uid = &pod.key.uid;
        let superseded = self.takeover.observe(self.pods.get(uid.as_str()).map(|entry| &*entry.pod), &pod);
        // The truth of the API server takes the place of our commitment, whether it agrees or not. A later version
        // without a node is one that our Binding, with its precondition, comes too late for.
        let overtaken = |assumed: &AssumedPod| !waits(&pod) || assumed.resource_version != pod.resource_version;
        if self.assumed_pods.get(uid).is_some_and(overtaken) {
            self.assumed_pods.remove(uid);
        }
        let pod = Arc::new(self.shared_values.pod(pod));
        self.replace(pod);
        superseded
    }

    fn drop_pod(&mut self, uid: &PodUid) {
        self.assumed_pods.remove(uid);
        self.takeover.gone(uid);
        if let Some(entry) = self.pods.take(uid.as_str()) {
            self.uncount(&entry);
            entry.pe.iter().for_each(|pe| self.forget_spec_change(&pe.job));
        }
    }

    fn list_pods(&mut self, pods: Vec<Pod>) {
        let listed: HashSet<&PodUid, ahash::RandomState> = pods.iter().map(|pod| &pod.key.uid).collect();
        let known = self.pods.iter().map(|entry| &entry.pod.key.uid);
        let mut gone: Vec<PodUid> = known.filter(|uid| !listed.contains(uid)).cloned().collect();
        gone.sort_unstable();
        for uid in gone {
            self.drop_pod(&uid);
        }
        for pod in pods {
            self.show_pod(pod);
        }
        // Between two lists another process may have come and gone unseen.
        if self.takeover.has_begun() {
            self.take_over_again();
        }
        self.listed.insert(Kind::Pod);
    }

    fn drop_owner(&mut self, owner: &Owner) {
        // Most workloads that end have had no pod for a while.
        let Some(owner) = self.shared_values.owner(owner).filter(|owner| owner.is_only) else { return };
        if self.gone_owners.len() >= FEW_OWNERS {
            // One is ours and one is that of the copies: others are those of pods.
            self.gone_owners.retain(|gone| Arc::strong_count(gone) > 2);
        }
        self.gone_owners.insert(Arc::clone(&owner));
        let orphans = self.replace_all(|entry| entry.pod.owner.as_ref().is_some_and(|of| Arc::ptr_eq(of, &owner)));
        if orphans > 0 {
            self.current.version += 1;
        } else {
            self.gone_owners.remove(&owner);
        }
    }

    fn put_pool(&mut self, pool: Pool) {
        if self.current.pools.get(&pool.id).is_some_and(|known| **known == pool) {
            return;
        }
        let changed = BTreeSet::from([pool.id.clone()]);
        Arc::make_mut(&mut self.current.pools).insert(pool.id.clone(), Arc::new(pool));
        self.note_pool_change(&changed);
    }

    fn drop_pool(&mut self, id: PoolId) {
        if Arc::make_mut(&mut self.current.pools).remove(&id).is_some() {
            self.note_pool_change(&BTreeSet::from([id]));
        }
    }

    fn list_pools(&mut self, pools: Vec<Pool>) {
        let pools = pools.into_iter().map(|pool| (pool.id.clone(), Arc::new(pool))).collect();
        let all = Arc::new(self.pools_with(pools));
        let before = std::mem::replace(&mut self.current.pools, all);
        self.listed.insert(Kind::Pool);
        let now = &self.current.pools;
        let changed = before.keys().chain(now.keys()).filter(|id| before.get(*id) != now.get(*id));
        self.note_pool_change(&changed.cloned().collect());
    }

    fn put_stream_job(&mut self, job: StreamJob) {
        let id = job.id.clone();
        let known = self.current.declared.jobs.get(&id);
        let is_read_anew = known.is_none_or(|known| known.declares_else_than(&job));
        let last_places = job.last_places.clone();
        Arc::make_mut(&mut self.current.declared.jobs).insert(id.clone(), Arc::new(job));
        if is_read_anew {
            self.read_anew(|pe| StreamJobId::from(&pe.job) == id);
        }
        self.remember(&id, last_places);
    }

    fn drop_stream_job(&mut self, id: &StreamJobId) {
        if Arc::make_mut(&mut self.current.declared.jobs).remove(id).is_some() {
            self.read_anew(|pe| StreamJobId::from(&pe.job) == *id);
        }
    }

    fn list_stream_jobs(&mut self, jobs: Vec<StreamJob>) {
        let listed: BTreeSet<&StreamJobId> = jobs.iter().map(|job| &job.id).collect();
        let gone: Vec<StreamJobId> =
            self.current.declared.jobs.keys().filter(|id| !listed.contains(id)).cloned().collect();
        for id in gone {
            self.drop_stream_job(&id);
        }
        for job in jobs {
            self.put_stream_job(job);
        }
        self.listed.insert(Kind::StreamJob);
    }

    /// Takes over where PEs were last bound, as far as nothing later is known: what was seen by a process before this.
    fn remember(&mut self, id: &StreamJobId, last_places: Vec<LastPlace>) {
        for LastPlace { generation, pe, owner_uid, node } in last_places {
            let job = JobId { namespace: id.namespace.clone(), name: Arc::clone(&id.name), generation };
            let previous_node = PreviousNode { node, owner_uid };
            if self.current.job(&job).is_some_and(|state| state.previous_nodes.contains_key(&pe)) {
                continue;
            }
            let remember = |state: &mut JobState| state.previous_nodes.insert(Arc::clone(&pe), previous_node.clone());
            if self.current.jobs.change(&job, remember).is_some() {
                continue;
            }
            if let Some((_, previous_nodes)) = self.departed.iter_mut().find(|(departed, _)| *departed == job) {
                previous_nodes.entry(pe).or_insert(previous_node);
            } else {
                self.departed.push_back((job, PreviousNodes::from([(pe, previous_node)])));
                self.departed.drain(..self.departed.len().saturating_sub(DEPARTED));
            }
        }
    }

    fn govern_by(&mut self, policies: PolicySet) {
        self.policies = policies;
        self.replace_all(|_| true);
        self.weigh_all();
    }

    fn settle(&mut self, until: Timestamp) {
        let is_news = {
            let current = &self.current;
            let settles = |pe: &Pe| !current.is_settled(pe.pod.created) && pe.pod.created <= until;
            let mut members = current.jobs().flat_map(|(_, job)| &job.members);
            current.settled.is_none() || members.any(|member| member.node.is_none() && settles(&member.pe))
        };
        self.current.settled = Some(until);
        self.current.version += u64::from(is_news);
    }

    fn weigh_all(&mut self) {
        for number in 0..self.current.nodes.len() {
            self.weigh(NodeIndex::at(number));
        }
    }

    /// What was measured of a node: as it was reported, and as the node says itself.
    fn measured(&self, state: &NodeState) -> Option<[Option<Load>; 2]> {
        state.node.as_ref().map(|node| [self.loads.get(&state.name).copied(), node.load])
    }

    /// Says anew whether a node is overloaded.
    fn weigh(&mut self, index: NodeIndex) {
        let Some(state) = self.current.node(index) else { return };
        let Some(measured) = self.measured(state) else { return };
        let overload = overload::next(state.overload, self.policies.load_protection(), measured, self.now);
        if overload != state.overload {
            self.current.nodes.change(index.number(), |state| state.overload = overload);
            self.current.version += 1;
        }
    }
}

#[cfg(test)]
mod tests;
