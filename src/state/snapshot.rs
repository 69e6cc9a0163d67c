//! The cluster at one moment: immutable, shared, cheap to publish.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::job_state::{JobState, MemberState};
use super::jobs::Jobs;
use super::listed_resources::{self, ListedResources};
use super::node_info::NodeInfo;
use super::node_set::NodeSet;
use super::node_state::{NodeIndex, NodeState};
use super::node_states::NodeStates;
use super::volumes::{ClaimTopology, Volumes};
use crate::model::{
    Declarations, DemandForecasts, JobId, Node, NodeName, OomKills, Pe, Pod, PodUid, Pools, ResourceConstraints,
    StreamJobs, VolumeTopology,
};

/// The cluster at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) version: u64,
    pub(super) complete: bool,
    pub(super) nodes: NodeStates,
    /// How often the cluster has changed a node, or a pod on a node.
    pub(super) node_changes: u64,
    pub(super) by_name: Arc<HashMap<NodeName, NodeIndex, ahash::RandomState>>,
    pub(super) listed_resources: Arc<ListedResources>,
    pub(super) jobs: Jobs,
    /// How often the cluster has changed a job.
    pub(super) job_changes: u64,
    pub(super) pools: Arc<Pools>,
    pub(super) declared: Declarations,
    pub(super) volumes: Arc<Volumes>,
    /// How often the cluster has changed a claim or a volume.
    pub(super) volume_changes: u64,
    pub(super) constraints: Arc<ResourceConstraints>,
    pub(super) demand: Arc<DemandForecasts>,
    pub(super) oom_kills: Arc<OomKills>,
    pub(super) spec_changes: Arc<BTreeMap<JobId, u64>>,
    /// Nodes that kube-scheduler does not ask about for waiting PEs, although the PEs may go there by all that is known.
    pub(super) unoffered: Arc<BTreeMap<PodUid, Arc<NodeSet>>>,
    /// The version of the last change that kube-scheduler does not see and after which nodes may pass for PEs of any job.
    pub(super) nodes_released_in: u64,
    /// True where a node is reserved for a pod.
    pub(super) has_reserved_nodes: bool,
    /// Pending pods that were first seen just now; `None` where no clock is followed.
    pub(super) arriving: Option<Arc<BTreeSet<PodUid>>>,
    /// The nodes of scheduling cycles that are not over, which count as placed here, beside what the cluster holds.
    pub(super) in_cycle: Arc<[(PodUid, NodeIndex)]>,
    /// The PE that the snapshot was prepared for.
    pub(super) prepared: Option<Prepared>,
}

/// How a snapshot was prepared for the decision about one PE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prepared {
    uid: PodUid,
    /// The node that the PE itself has, reserved, or chosen by a scheduling cycle.
    own: Option<NodeIndex>,
    /// True where the PE was not a waiting member before.
    is_joined: bool,
    /// The nodes that the PE is not offered; `None` where the snapshot has them.
    unoffered: Option<Arc<NodeSet>>,
    /// The PEs that gave their nodes up, so that their group is planned anew.
    released: Arc<[PodUid]>,
}

/// What tells two snapshots of one process apart for decisions about the PEs of one job: all that these decisions read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotKey {
    /// How often the cluster has changed a node, or a pod on a node. What the snapshot assumes beside that is in `in_cycle`
    /// and `prepared`.
    nodes: u64,
    /// The last change of the job; `None` where the snapshot does not have it.
    job: Option<u64>,
    /// The number of members that have just arrived. It falls with time only, where the job does not change.
    arriving: usize,
    pools: SameObjects,
    /// The nodes that each member is not offered.
    unoffered: Vec<(PodUid, Arc<NodeSet>)>,
    in_cycle: Arc<[(PodUid, NodeIndex)]>,
    /// How often the cluster has changed a claim or a volume, where the snapshot has a PE whose claims are not known to
    /// concern the job. A change that concerns the job is a change of the job.
    volumes: Option<u64>,
    /// `None` where a plan in the snapshot is the same for every member of a gang.
    prepared: Option<Prepared>,
}

/// Pools that are equal only where they are the same objects in memory.
#[derive(Clone, Debug)]
struct SameObjects(Arc<Pools>);

impl PartialEq for SameObjects {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SameObjects {}

impl Snapshot {
    /// Counts the changes that led here.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The key of the snapshot for a job: decisions about a PE of the job in snapshots with the same key are the same.
    #[must_use]
    pub fn key(&self, job: &JobId) -> SnapshotKey {
        let is_special = |prepared: &&Prepared| {
            prepared.is_joined
                || prepared.own.is_some()
                || prepared.unoffered.is_some()
                || !prepared.released.is_empty()
        };
        let has_unseen = |prepared: &Prepared| prepared.is_joined || !prepared.released.is_empty();
        let job = self.jobs.get(job);
        let members = job.map_or(&[][..], |job| &job.members);
        let uids = || members.iter().map(|member| &member.pe.pod.key.uid);
        let arriving = self.arriving.as_ref().filter(|arriving| !arriving.is_empty());
        let unoffered = if self.unoffered.is_empty() {
            Vec::new()
        } else {
            uids().filter_map(|uid| Some((uid.clone(), Arc::clone(self.unoffered.get(uid)?)))).collect()
        };
        SnapshotKey {
            nodes: self.node_changes,
            job: job.map(|job| job.changed),
            arriving: arriving.map_or(0, |arriving| uids().filter(|uid| arriving.contains(*uid)).count()),
            pools: SameObjects(Arc::clone(&self.pools)),
            unoffered,
            in_cycle: Arc::clone(&self.in_cycle),
            volumes: self.prepared.as_ref().is_some_and(has_unseen).then_some(self.volume_changes),
            prepared: self.prepared.as_ref().filter(is_special).cloned(),
        }
    }

    /// True once nodes, pods, pools and `StreamJob` objects have each been listed in full.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The node of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeIndex> {
        self.by_name.get(name).copied()
    }

    /// The node at this place.
    #[must_use]
    pub fn node(&self, index: NodeIndex) -> Option<&NodeState> {
        self.nodes.get(index.number()).map(|slot| &*slot.state)
    }

    /// The node at this place in short, and its row; `None` while only pods name it.
    #[must_use]
    #[inline]
    pub fn info(&self, index: NodeIndex) -> Option<(&NodeInfo, &NodeState)> {
        let slot = self.nodes.get(index.number())?;
        Some((slot.info.as_ref()?, &slot.state))
    }

    /// The places of every node that has been seen, in no particular but a stable order.
    pub fn indexes(&self) -> impl Iterator<Item = NodeIndex> {
        self.nodes.iter().enumerate().filter(|(_, slot)| slot.info.is_some()).map(|(index, _)| NodeIndex::at(index))
    }

    /// Every node that has been seen, in no particular but a stable order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIndex, &NodeState, &Node)> {
        let slots = self.nodes.iter().enumerate();
        slots.filter_map(|(index, slot)| Some((NodeIndex::at(index), &*slot.state, &*slot.info.as_ref()?.node)))
    }

    /// The job of this identity.
    #[must_use]
    pub fn job(&self, id: &JobId) -> Option<&JobState> {
        self.jobs.get(id).map(|state| &**state)
    }

    /// Every job that has a PE, in no particular order.
    pub fn jobs(&self) -> impl Iterator<Item = (&JobId, &Arc<JobState>)> {
        self.jobs.iter()
    }

    /// Jobs of which a PE came to wish something else than before, or to have another pool under the same name, while it was
    /// known; and the version in which that happened last.
    pub fn spec_changes(&self) -> impl Iterator<Item = (&JobId, u64)> {
        self.spec_changes.iter().map(|(id, version)| (id, *version))
    }

    /// True when pods that were created with this one have been seen as well, as far as can be told: the pod has been seen
    /// for the quiet time. A pod that is not known counts as settled.
    #[must_use]
    pub fn is_settled(&self, pod: &Pod) -> bool {
        self.arriving.as_ref().is_none_or(|arriving| !arriving.contains(&pod.key.uid))
    }

    /// True where pods settle with time. Otherwise, every pod is settled.
    #[must_use]
    pub fn follows_clock(&self) -> bool {
        self.arriving.is_some()
    }

    /// The nodes that kube-scheduler does not ask about for a waiting PE, although the PE may go there by all that is known.
    #[must_use]
    #[inline]
    pub fn unoffered(&self, uid: &PodUid) -> Option<&Arc<NodeSet>> {
        let prepared = self.prepared.as_ref().filter(|prepared| prepared.uid == *uid);
        match prepared.and_then(|prepared| prepared.unoffered.as_ref()) {
            Some(nodes) => Some(nodes),
            None if self.unoffered.is_empty() => None,
            None => self.unoffered.get(uid),
        }
    }

    /// The claims of a pod whose volumes cannot be used on every node. Claims that are not bound, and volumes that have not
    /// been seen, are unknown and restrict nothing.
    #[must_use]
    #[inline]
    pub fn claim_topologies(&self, pod: &Pod) -> Vec<ClaimTopology> {
        if pod.claims.is_none() { Vec::new() } else { self.volumes.of_pod(pod) }
    }

    /// True where kube-scheduler may filter nodes for a pod by what is not known here: a part of the spec that is not read, or
    /// volumes of claims that are not bound.
    #[must_use]
    #[inline]
    pub fn has_unknown_filters(&self, pod: &Pod) -> bool {
        pod.has_unread_filters || pod.claims.is_some() && self.volumes.any_unknown(pod)
    }

    /// The nodes that the volumes of a pod can be used on; empty where this is every node. Pods with equal ones have the same
    /// nodes.
    #[must_use]
    pub fn volume_topologies(&self, pod: &Pod) -> Vec<Arc<VolumeTopology>> {
        self.claim_topologies(pod).into_iter().map(|claim| claim.topology).collect()
    }

    /// True where a node is reserved for a pod.
    #[must_use]
    pub fn has_reserved_nodes(&self) -> bool {
        self.has_reserved_nodes
    }

    /// The version of the last change that kube-scheduler does not see and after which nodes may pass for PEs of any job.
    #[must_use]
    pub fn nodes_released_in(&self) -> u64 {
        self.nodes_released_in
    }

    /// The node that is reserved for a PE, or was chosen for it in an earlier scheduling cycle, in a snapshot that was
    /// [prepared](Self::prepare_for) for the PE.
    #[must_use]
    pub fn own_node(&self, uid: &PodUid) -> Option<NodeIndex> {
        self.prepared.as_ref().filter(|prepared| prepared.uid == *uid)?.own
    }

    /// True where the PE was no waiting member before the snapshot was [prepared](Self::prepare_for) for it: the watch has not
    /// shown its pod yet.
    #[must_use]
    pub fn is_joined(&self, uid: &PodUid) -> bool {
        self.prepared.as_ref().is_some_and(|prepared| prepared.uid == *uid && prepared.is_joined)
    }

    /// Every `StreamJob`.
    #[must_use]
    pub fn stream_jobs(&self) -> &StreamJobs {
        &self.declared.jobs
    }

    /// All that objects declare of jobs and PEs.
    #[must_use]
    pub fn declared(&self) -> &Declarations {
        &self.declared
    }

    /// What limit ranges and quotas demand of pods. Only admission reads them, and only its role watches them.
    #[must_use]
    pub fn constraints(&self) -> &ResourceConstraints {
        &self.constraints
    }

    /// What PEs and nodes are expected to use; empty where no source of demand is known.
    #[must_use]
    pub fn demand(&self) -> &DemandForecasts {
        &self.demand
    }

    /// The containers of PEs that the kernel has killed because they used too much memory, also of pods that are gone.
    #[must_use]
    pub fn oom_kills(&self) -> &OomKills {
        &self.oom_kills
    }

    /// The resources that nodes list.
    #[must_use]
    pub fn listed_resources(&self) -> &Arc<ListedResources> {
        &self.listed_resources
    }

    /// Every pool.
    #[must_use]
    pub fn pools(&self) -> &Arc<Pools> {
        &self.pools
    }
}

/// Changes of the cluster. They count, and those of hypothetical snapshots do not.
impl Snapshot {
    pub(super) fn change_node<T>(&mut self, index: NodeIndex, change: impl FnOnce(&mut NodeState) -> T) -> Option<T> {
        self.node_changes += 1;
        self.nodes.change(index.number(), change)
    }

    pub(super) fn change_job<T>(&mut self, id: &JobId, change: impl FnOnce(&mut JobState) -> T) -> Option<T> {
        self.job_changes += 1;
        let changed = self.job_changes;
        self.jobs.change(id, |job| {
            job.changed = changed;
            change(job)
        })
    }

    /// Changes a job. A job that the snapshot does not have is made first.
    pub(super) fn change_or_make_job(
        &mut self,
        id: &JobId,
        make: impl FnOnce() -> JobState,
        change: impl FnOnce(&mut JobState),
    ) {
        self.job_changes += 1;
        let changed = self.job_changes;
        self.jobs.change_or_make(id, make, |job| {
            job.changed = changed;
            change(job);
        });
    }
}

/// What would be: for plans, which place PEs one after another without committing to anything, and for nodes that are
/// not there yet.
impl Snapshot {
    /// The cluster as if its nodes of these names were these; names that are not known are added, as empty nodes.
    #[must_use]
    pub fn with_nodes(&self, nodes: Vec<Node>) -> Self {
        let mut snapshot = self.clone();
        for node in nodes {
            let node = Arc::new(node);
            let known = snapshot.find(node.name.as_str());
            let old = known.and_then(|index| snapshot.node(index)?.node.clone());
            snapshot.replace_listed(old.as_deref(), Some(&node));
            let changed = known
                .and_then(|index| snapshot.nodes.change(index.number(), |state| state.node = Some(Arc::clone(&node))));
            if changed.is_none() {
                let name = node.name.clone();
                let index = snapshot.nodes.put(None, NodeState { node: Some(node), ..NodeState::empty(&name) });
                Arc::make_mut(&mut snapshot.by_name).insert(name, NodeIndex::at(index));
            }
        }
        snapshot
    }

    /// The cluster without these pods, which count on the node.
    #[must_use]
    pub fn without_pods(&self, index: NodeIndex, pods: &[(&Pod, Option<&Pe>)]) -> Self {
        let mut snapshot = self.clone();
        for (pod, pe) in pods {
            snapshot.nodes.change(index.number(), |state| state.remove_pod(pod));
            if let Some(pe) = pe {
                snapshot.jobs.change(&pe.job, |job| job.members.retain(|member| member.pe.pod.key.uid != pod.key.uid));
            }
        }
        snapshot
    }

    /// Counts a waiting PE as placed on a node.
    pub fn place(&mut self, pe: &Arc<Pe>, index: NodeIndex) {
        self.nodes.change(index.number(), |state| {
            state.add_pod(&pe.pod, Some(pe));
        });
        self.set_state(pe, MemberState::InCycle(index));
    }

    /// The snapshot for a decision about one PE: the PE waits, whether or not the watch has shown it, and the node that is
    /// reserved for the PE is free.
    #[must_use]
    pub fn prepare_for(&self, pe: &Arc<Pe>) -> Cow<'_, Self> {
        let state = self.state_of(pe);
        let own = match state {
            Some(MemberState::Waiting) if self.prepared.is_none() => return Cow::Borrowed(self),
            Some(MemberState::Reserved(node) | MemberState::InCycle(node)) => Some(node),
            Some(MemberState::Waiting) => self.own_node(&pe.pod.key.uid),
            Some(MemberState::Held | MemberState::Bound(_)) | None => None,
        };
        let mut snapshot = self.clone();
        match state {
            Some(MemberState::Reserved(node) | MemberState::InCycle(node)) => snapshot.displace(pe, node),
            Some(MemberState::Held) => snapshot.set_state(pe, MemberState::Waiting),
            Some(MemberState::Waiting | MemberState::Bound(_)) => {}
            None => snapshot.jobs.change_or_make(&pe.job, JobState::default, |job| job.join(pe, MemberState::Waiting)),
        }
        let is_joined = matches!(state, None | Some(MemberState::Held));
        snapshot.prepared = Some(Prepared { own, is_joined, ..Prepared::of(pe) });
        Cow::Owned(snapshot)
    }

    /// The same snapshot, in which kube-scheduler does not offer these nodes to a PE.
    #[must_use]
    pub fn with_unoffered(&self, pe: &Pe, nodes: NodeSet) -> Self {
        let mut snapshot = self.clone();
        let prepared = snapshot.prepared.take().filter(|prepared| prepared.uid == pe.pod.key.uid);
        let prepared = prepared.unwrap_or_else(|| Prepared::of(pe));
        snapshot.prepared = Some(Prepared { unoffered: Some(Arc::new(nodes)), ..prepared });
        snapshot
    }

    /// The same snapshot, in which these PEs have given up the nodes that they have without being bound there; `None` where
    /// none of them has such a node.
    #[must_use]
    pub fn without_nodes_of(&self, pe: &Pe, pes: &[Arc<Pe>]) -> Option<Self> {
        let mut snapshot = self.clone();
        let mut released: Vec<PodUid> = Vec::new();
        for other in pes {
            if let Some(MemberState::Reserved(node) | MemberState::InCycle(node)) = snapshot.state_of(other) {
                snapshot.displace(other, node);
                released.push(other.pod.key.uid.clone());
            }
        }
        let prepared = snapshot.prepared.take().filter(|prepared| prepared.uid == pe.pod.key.uid);
        let prepared = prepared.unwrap_or_else(|| Prepared::of(pe));
        snapshot.prepared = Some(Prepared { released: released.into(), own: None, ..prepared });
        snapshot.prepared.as_ref().is_some_and(|prepared| !prepared.released.is_empty()).then_some(snapshot)
    }

    /// The cluster as if these PEs were placed, be they known or not; PEs that are bound already stay where they are. `own`
    /// is the PE that the next decision is about, with its node.
    #[must_use]
    pub(super) fn with_cycles_in_flight(
        &self,
        placements: &[(Arc<Pe>, NodeIndex)],
        own: Option<(&PodUid, NodeIndex)>,
    ) -> Self {
        let mut snapshot = self.clone();
        for (pe, index) in placements {
            match snapshot.state_of(pe) {
                Some(MemberState::Bound(_)) => continue,
                Some(MemberState::Reserved(node) | MemberState::InCycle(node)) if node == *index => continue,
                Some(MemberState::Reserved(node) | MemberState::InCycle(node)) => snapshot.displace(pe, node),
                Some(MemberState::Waiting | MemberState::Held) => {}
                None => {
                    snapshot.jobs.change_or_make(&pe.job, JobState::default, |job| job.join(pe, MemberState::Waiting));
                }
            }
            snapshot.place(pe, *index);
        }
        snapshot.in_cycle = placements.iter().map(|(pe, index)| (pe.pod.key.uid.clone(), *index)).collect();
        if let Some((uid, node)) = own {
            snapshot.prepared = Some(Prepared { own: Some(node), ..Prepared::new(uid) });
        }
        snapshot
    }

    /// True where PEs have given up their nodes, so that the group of the PE is planned anew.
    #[must_use]
    pub fn is_planned_anew(&self) -> bool {
        self.prepared.as_ref().is_some_and(|prepared| !prepared.released.is_empty())
    }

    fn state_of(&self, pe: &Pe) -> Option<MemberState> {
        let members = &self.job(&pe.job)?.members;
        members.iter().find(|member| member.pe.pod.key.uid == pe.pod.key.uid).map(|member| member.state)
    }

    /// Takes back that a PE was [placed](Self::place) on a node.
    pub fn displace(&mut self, pe: &Arc<Pe>, index: NodeIndex) {
        self.nodes.change(index.number(), |state| {
            state.remove_pod(&pe.pod);
        });
        self.set_state(pe, MemberState::Waiting);
    }

    /// Counts the resources that a node lists, in the place of an earlier version of the node.
    pub(super) fn replace_listed(&mut self, old: Option<&Node>, new: Option<&Node>) {
        if !listed_resources::are_alike(old, new) {
            Arc::make_mut(&mut self.listed_resources).replace(old, new);
        }
    }

    fn set_state(&mut self, pe: &Pe, state: MemberState) {
        self.jobs.change(&pe.job, |job| {
            if let Some(member) = job.members.iter_mut().find(|member| member.pe.pod.key.uid == pe.pod.key.uid) {
                member.state = state;
            }
        });
    }
}

impl Prepared {
    fn of(pe: &Pe) -> Self {
        Self::new(&pe.pod.key.uid)
    }

    fn new(uid: &PodUid) -> Self {
        Self { uid: uid.clone(), own: None, is_joined: false, unoffered: None, released: Arc::default() }
    }
}
