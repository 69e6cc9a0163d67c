//! What a snapshot holds of a job.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::node_state::NodeIndex;
use crate::model::{NodeName, Pe, PodKey};

/// A job: its PEs that are not leaving, and the previous nodes of its PEs.
#[derive(Clone, Debug, Default)]
pub struct JobState {
    /// The number of the last change of the job in the cluster, counted over all jobs.
    pub changed: u64,
    /// Bound and waiting PEs, in the order of creation, then of namespace, name and UID of their pods.
    pub members: Vec<Member>,
    /// The nodes that PEs were last bound to, by name: those of PEs whose names outlive their pods.
    pub previous_nodes: BTreeMap<Arc<str>, PreviousNode>,
    /// The largest number of members that had a node at one time, bound or reserved, since a member is bound.
    pub most_placed: usize,
    /// The largest number of members at one time.
    pub most_members: usize,
}

/// How many previous nodes a job keeps beside twice the largest number of its members. Names of PEs that no pod has any
/// more would add up otherwise.
const FEW_PREVIOUS_NODES: usize = 64;

/// The node that a PE was last bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousNode {
    /// The creation time of the pod that was bound to the node.
    pub since: Timestamp,
    /// The node.
    pub node: NodeName,
    /// The owner of the pod: see [`Pe::owner_uid`].
    pub owner_uid: Arc<str>,
}

impl JobState {
    /// Counts a PE as a member.
    pub(super) fn join(&mut self, pe: &Arc<Pe>, state: MemberState) {
        fn order(pe: &Pe) -> (Timestamp, &PodKey) {
            (pe.pod.created, &pe.pod.key)
        }
        let at = self.members.partition_point(|member| order(&member.pe) < order(pe));
        self.members.insert(at, Member { pe: Arc::clone(pe), state });
        self.most_members = self.most_members.max(self.members.len());
    }

    /// Remembers the node of a PE, unless a later pod of the PE was bound to another. Of too many names, those are forgotten
    /// that no member has and whose pods are the oldest.
    pub(super) fn remember(&mut self, name: &Arc<str>, previous: PreviousNode) {
        match self.previous_nodes.get_mut(name) {
            Some(known) if known.since > previous.since => {}
            Some(known) => *known = previous,
            None => {
                self.previous_nodes.insert(Arc::clone(name), previous);
                if self.previous_nodes.len() > self.most_previous_nodes() {
                    self.forget_old_names(name);
                }
            }
        }
    }

    /// True where the job may remember another name.
    pub(super) fn has_room_for_a_name(&self) -> bool {
        self.previous_nodes.len() < self.most_previous_nodes()
    }

    fn most_previous_nodes(&self) -> usize {
        self.most_members.saturating_mul(2).saturating_add(FEW_PREVIOUS_NODES)
    }

    /// Forgets names that no member has, so that many new names follow before names are forgotten again.
    fn forget_old_names(&mut self, newest: &Arc<str>) {
        let live: HashSet<&str> = self.members.iter().map(|member| &*member.pe.name).collect();
        let old = self.previous_nodes.iter().filter(|(name, _)| *name != newest && !live.contains(&***name));
        let mut old: Vec<(Timestamp, Arc<str>)> = old.map(|(name, known)| (known.since, Arc::clone(name))).collect();
        old.sort_unstable();
        let kept = self.most_members.saturating_add(FEW_PREVIOUS_NODES / 2);
        let excess = self.previous_nodes.len().saturating_sub(kept);
        for (_, name) in old.iter().take(excess) {
            self.previous_nodes.remove(name);
        }
    }

    /// Notes how many members have a node, where `before` is the largest number so far.
    pub(super) fn note_placed_members(&mut self, before: usize) {
        let is_placed = |member: &&Member| matches!(member.state, MemberState::Bound(_) | MemberState::Reserved(_));
        let placed = self.members.iter().filter(is_placed).count();
        let is_begun = self.members.iter().any(|member| member.bound_node().is_some());
        self.most_placed = if is_begun { placed.max(before).max(self.most_placed) } else { 0 };
    }

    /// The members that are placed or wait: those that count in gangs and buckets.
    pub fn participants(&self) -> impl Iterator<Item = &Member> + Clone {
        self.members.iter().filter(|member| member.state != MemberState::Held)
    }

    /// The node that the last incarnation of a PE was bound to.
    #[must_use]
    pub fn previous_node(&self, pe: &Pe) -> Option<&NodeName> {
        let owner_uid = pe.owner_uid.as_ref()?;
        self.previous_nodes
            .get(&pe.name)
            .filter(|previous_node| previous_node.owner_uid == *owner_uid)
            .map(|previous_node| &previous_node.node)
    }
}

/// A PE of a job.
#[derive(Clone, Debug)]
pub struct Member {
    /// The PE.
    pub pe: Arc<Pe>,
    /// Whether and where the PE is placed.
    pub state: MemberState,
}

/// Whether and where a PE of a job is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// The PE has no node, and kube-scheduler does not send it to Outrigger now: see [`Pe::is_held`]. It completes no gang
    /// and holds no node back.
    Held,
    /// The PE waits for a node.
    Waiting,
    /// The PE has no node. A plan, or a scheduling cycle that is not over, has this node for it.
    InCycle(NodeIndex),
    /// The PE has no node. This node is reserved, because a PE of the same gang or bucket was bound
    /// (`docs/design.md`, D21).
    Reserved(NodeIndex),
    /// The pod is bound to the node, or assumed on it.
    Bound(NodeIndex),
}

impl Member {
    /// The node that the PE counts on.
    #[must_use]
    pub fn node(&self) -> Option<NodeIndex> {
        match self.state {
            MemberState::Held | MemberState::Waiting => None,
            MemberState::InCycle(node) | MemberState::Reserved(node) | MemberState::Bound(node) => Some(node),
        }
    }

    /// The node that the pod is bound to, or assumed on.
    #[must_use]
    pub fn bound_node(&self) -> Option<NodeIndex> {
        match self.state {
            MemberState::Bound(node) => Some(node),
            MemberState::Held | MemberState::Waiting | MemberState::InCycle(_) | MemberState::Reserved(_) => None,
        }
    }

    /// True where the PE waits and no node is chosen for it.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.state == MemberState::Waiting
    }

    /// True where the PE waits to be bound, whether or not a node is chosen for it.
    #[must_use]
    pub fn is_unbound(&self) -> bool {
        !matches!(self.state, MemberState::Held | MemberState::Bound(_))
    }
}
