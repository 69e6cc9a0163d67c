//! The cluster at one moment: immutable, shared, cheap to publish.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::job_state::{JobState, Member, MemberState};
use super::jobs::Jobs;
use super::node_info::NodeInfo;
use super::node_state::{NodeIndex, NodeState};
use super::node_states::NodeStates;
use crate::model::{Declarations, JobId, Node, NodeName, Pe, PodUid, Pools, StreamJobs};

/// The cluster at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) version: u64,
    pub(super) complete: bool,
    pub(super) nodes: NodeStates,
    pub(super) by_name: Arc<HashMap<NodeName, NodeIndex, ahash::RandomState>>,
    pub(super) jobs: Jobs,
    pub(super) pools: Arc<Pools>,
    pub(super) declared: Declarations,
    pub(super) spec_changes: Arc<BTreeMap<JobId, u64>>,
    pub(super) settled: Option<Timestamp>,
    /// The reservations that count as placed here, beside what the cluster holds.
    pub(super) reserved: Arc<[(PodUid, NodeIndex)]>,
}

/// What tells two snapshots of one process apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotKey {
    version: u64,
    reserved: Arc<[(PodUid, NodeIndex)]>,
}

impl Snapshot {
    /// Counts the changes that led here.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The key of the snapshot: decisions about a PE in snapshots with the same key are the same.
    #[must_use]
    pub fn key(&self) -> SnapshotKey {
        SnapshotKey { version: self.version, reserved: Arc::clone(&self.reserved) }
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

    /// True when pods that were created with this one have been seen as well, as far as can be told.
    #[must_use]
    pub fn is_settled(&self, created: Timestamp) -> bool {
        self.settled.is_none_or(|settled| created <= settled)
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

    /// Every pool.
    #[must_use]
    pub fn pools(&self) -> &Arc<Pools> {
        &self.pools
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

    /// Counts a waiting PE as placed on a node.
    pub fn place(&mut self, pe: &Arc<Pe>, index: NodeIndex) {
        self.nodes.change(index.number(), |state| {
            state.add_pod(&pe.pod, Some(pe));
        });
        self.set_state(pe, MemberState::Tentative(index));
    }

    /// The cluster as if these PEs were placed, be they known or not; PEs that are placed already stay where they are.
    #[must_use]
    pub(super) fn with_reserved(&self, placements: &[(Arc<Pe>, NodeIndex)]) -> Self {
        let mut snapshot = self.clone();
        for (pe, index) in placements {
            let job = snapshot.job(&pe.job);
            let known = job.and_then(|job| job.members.iter().find(|member| member.pe.pod.key.uid == pe.pod.key.uid));
            match known.map(Member::node) {
                Some(Some(_)) => continue,
                Some(None) => {}
                None => {
                    snapshot.jobs.change_or_make(&pe.job, JobState::default, |job| job.join(pe, MemberState::Waiting));
                }
            }
            snapshot.place(pe, *index);
        }
        snapshot.reserved = placements.iter().map(|(pe, index)| (pe.pod.key.uid.clone(), *index)).collect();
        snapshot
    }

    /// Takes back that a PE was [placed](Self::place) on a node.
    pub fn displace(&mut self, pe: &Arc<Pe>, index: NodeIndex) {
        self.nodes.change(index.number(), |state| {
            state.remove_pod(&pe.pod);
        });
        self.set_state(pe, MemberState::Waiting);
    }

    fn set_state(&mut self, pe: &Pe, state: MemberState) {
        self.jobs.change(&pe.job, |job| {
            if let Some(member) = job.members.iter_mut().find(|member| member.pe.pod.key.uid == pe.pod.key.uid) {
                member.state = state;
            }
        });
    }
}
