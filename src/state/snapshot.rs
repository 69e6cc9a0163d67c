//! The cluster at one moment: immutable, shared, cheap to publish.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::jobs::Jobs;
use super::rows::Rows;
use super::summary::Summary;
use crate::model::{
    Declarations, HostPort, JobId, Node, NodeName, Overload, Pe, PodKey, PodUid, Pools, Resources, StreamJobs,
};

/// The place of a node in a snapshot. Only meaningful together with the snapshot that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(u32);

impl NodeIndex {
    /// The place as a number, from 0, below the number of places.
    #[must_use]
    pub fn number(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// A place by its number. There are far fewer nodes in a cluster than it can count.
    pub(super) fn at(number: usize) -> Self {
        Self(u32::try_from(number).unwrap_or(u32::MAX))
    }
}

/// A node and what runs there.
#[derive(Clone, Debug)]
pub struct NodeRow {
    /// Its name.
    pub name: NodeName,
    /// The node itself; `None` while pods name it that we have not seen.
    pub node: Option<Arc<Node>>,
    /// Requests of every pod on it that is not finished.
    pub requested: Resources,
    /// Limits of the same pods; a missing limit counts as the request.
    pub limits: Resources,
    /// How many pods that is.
    pub pods: u64,
    /// The ports of the node that they take, sorted.
    pub host_ports: Vec<HostPort>,
    /// The PEs on it that count in rules between PEs: those that are not leaving.
    pub pes: Vec<Arc<Pe>>,
    /// Of these, those that may close the node to others: isolated ones, and those of a named pool.
    pub claimants: Vec<Arc<Pe>>,
    /// By what the node is overloaded, where it is.
    pub overload: Option<Overload>,
}

impl NodeRow {
    /// A node of which nothing is known but its name.
    pub(super) fn empty(name: &NodeName) -> Self {
        Self {
            name: name.clone(),
            node: None,
            requested: Resources::default(),
            limits: Resources::default(),
            pods: 0,
            host_ports: Vec::new(),
            pes: Vec::new(),
            claimants: Vec::new(),
            overload: None,
        }
    }

    /// Counts a PE in rules between PEs.
    pub(super) fn put(&mut self, pe: &Arc<Pe>) {
        self.pes.push(Arc::clone(pe));
        if pe.may_claim_node() {
            self.claimants.push(Arc::clone(pe));
        }
    }

    /// Counts a PE no more.
    pub(super) fn remove(&mut self, uid: &PodUid) {
        self.pes.retain(|pe| pe.pod.key.uid != *uid);
        self.claimants.retain(|pe| pe.pod.key.uid != *uid);
    }

    /// Counts ports of a pod.
    pub(super) fn take_ports(&mut self, ports: &[HostPort]) {
        for port in ports {
            let at = self.host_ports.partition_point(|known| known < port);
            self.host_ports.insert(at, port.clone());
        }
    }

    /// Counts ports of a pod no more.
    pub(super) fn free_ports(&mut self, ports: &[HostPort]) {
        for port in ports {
            if let Ok(at) = self.host_ports.binary_search(port) {
                self.host_ports.remove(at);
            }
        }
    }
}

/// A job: its PEs that are not leaving, and where its PEs have been.
#[derive(Clone, Debug, Default)]
pub struct JobRow {
    /// Bound and waiting PEs, the earliest created first, then in order of namespace, name and UID of their pods.
    pub members: Vec<Member>,
    /// Where PEs whose names outlive their pods were last bound, by name.
    pub homes: BTreeMap<Arc<str>, Home>,
}

/// Where a PE was last bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The node.
    pub node: NodeName,
    /// The lineage of the PE: see [`Pe::lineage`].
    pub lineage: Arc<str>,
}

impl JobRow {
    /// Counts a PE as a member.
    pub(super) fn join(&mut self, pe: &Arc<Pe>, node: Option<NodeIndex>) {
        fn order(pe: &Pe) -> (Timestamp, &PodKey) {
            (pe.pod.created, &pe.pod.key)
        }
        let at = self.members.partition_point(|member| order(&member.pe) < order(pe));
        self.members.insert(at, Member { pe: Arc::clone(pe), node });
    }

    /// The node that an earlier incarnation of a PE was bound to last.
    #[must_use]
    pub fn home(&self, pe: &Pe) -> Option<&NodeName> {
        let lineage = pe.lineage.as_ref()?;
        self.homes.get(&pe.name).filter(|home| home.lineage == *lineage).map(|home| &home.node)
    }
}

/// A PE of a job.
#[derive(Clone, Debug)]
pub struct Member {
    /// The PE.
    pub pe: Arc<Pe>,
    /// Where it is bound, or where we have committed to bind it.
    pub node: Option<NodeIndex>,
}

/// The cluster at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) version: u64,
    pub(super) complete: bool,
    pub(super) nodes: Rows,
    pub(super) by_name: Arc<HashMap<NodeName, NodeIndex, ahash::RandomState>>,
    pub(super) jobs: Jobs,
    pub(super) pools: Arc<Pools>,
    pub(super) declared: Declarations,
    pub(super) settled: Option<Timestamp>,
}

impl Snapshot {
    /// Counts the changes that led here.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
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
    pub fn node(&self, index: NodeIndex) -> Option<&NodeRow> {
        self.nodes.get(index.number()).map(|slot| &*slot.row)
    }

    /// The node at this place in short, and its row; `None` while only pods name it.
    #[must_use]
    pub fn summary(&self, index: NodeIndex) -> Option<(&Summary, &NodeRow)> {
        let slot = self.nodes.get(index.number())?;
        Some((slot.summary.as_ref()?, &slot.row))
    }

    /// The places of every node that has been seen, in no particular but a stable order.
    pub fn indexes(&self) -> impl Iterator<Item = NodeIndex> {
        self.nodes.iter().enumerate().filter(|(_, slot)| slot.summary.is_some()).map(|(index, _)| NodeIndex::at(index))
    }

    /// Every node that has been seen, in no particular but a stable order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIndex, &NodeRow, &Node)> {
        let slots = self.nodes.iter().enumerate();
        slots.filter_map(|(index, slot)| Some((NodeIndex::at(index), &*slot.row, &*slot.summary.as_ref()?.node)))
    }

    /// The job of this identity.
    #[must_use]
    pub fn job(&self, id: &JobId) -> Option<&JobRow> {
        self.jobs.get(id).map(|row| &**row)
    }

    /// Every job that has a PE, in no particular order.
    pub fn jobs(&self) -> impl Iterator<Item = (&JobId, &Arc<JobRow>)> {
        self.jobs.iter()
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
    pub fn pools(&self) -> &Pools {
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
            let changed =
                known.and_then(|index| snapshot.nodes.change(index.number(), |row| row.node = Some(Arc::clone(&node))));
            if changed.is_none() {
                let name = node.name.clone();
                let index = snapshot.nodes.put(None, NodeRow { node: Some(node), ..NodeRow::empty(&name) });
                Arc::make_mut(&mut snapshot.by_name).insert(name, NodeIndex::at(index));
            }
        }
        snapshot
    }

    /// Counts a waiting PE as placed on a node.
    pub fn place(&mut self, pe: &Arc<Pe>, index: NodeIndex) {
        self.nodes.change(index.number(), |row| {
            row.requested.add(&pe.pod.footprint.requests);
            row.limits.add(&pe.pod.footprint.limits);
            row.take_ports(pe.host_ports());
            row.pods += 1;
            row.put(pe);
        });
        self.set_node(pe, Some(index));
    }

    /// Counts a PE as placed on a node if it is not placed anywhere, be it known or not.
    pub(super) fn expect(&mut self, pe: &Arc<Pe>, index: NodeIndex) {
        let known = self.job(&pe.job).and_then(|job| {
            job.members.iter().find(|member| member.pe.pod.key.uid == pe.pod.key.uid).map(|member| member.node)
        });
        match known {
            Some(Some(_)) => return,
            Some(None) => {}
            None => self.jobs.change_or_make(&pe.job, JobRow::default, |job| job.join(pe, None)),
        }
        self.place(pe, index);
    }

    /// Takes back that a PE was [placed](Self::place) on a node.
    pub fn displace(&mut self, pe: &Arc<Pe>, index: NodeIndex) {
        self.nodes.change(index.number(), |row| {
            row.requested.subtract(&pe.pod.footprint.requests);
            row.limits.subtract(&pe.pod.footprint.limits);
            row.free_ports(pe.host_ports());
            row.pods = row.pods.saturating_sub(1);
            row.remove(&pe.pod.key.uid);
        });
        self.set_node(pe, None);
    }

    fn set_node(&mut self, pe: &Pe, node: Option<NodeIndex>) {
        self.jobs.change(&pe.job, |job| {
            if let Some(member) = job.members.iter_mut().find(|member| member.pe.pod.key.uid == pe.pod.key.uid) {
                member.node = node;
            }
        });
    }
}
