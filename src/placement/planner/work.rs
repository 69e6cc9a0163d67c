//! A plan in the making: who is where so far, and what that costs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::super::decide::{Decision, Foresight};
use super::super::score::limit_risk::ratio;
use super::super::score::traffic::zone;
use super::candidates::Candidates;
use super::group::Group;
use crate::model::{JobId, Pe, PodUid, Reason, Rejection, ScoringStrategy, Token};
use crate::state::{Member, NodeIndex, Snapshot};

/// The batch, what is placed of it, and the unit that is being worked on.
#[derive(Debug)]
pub(super) struct Work<'a> {
    snapshot: Snapshot,
    waiting: &'a [Arc<Pe>],
    /// Where each PE of the batch is.
    nodes: Vec<Option<NodeIndex>>,
    /// Whom each PE of the batch exchanges data with.
    edges: Vec<Vec<Edge>>,
    /// Bytes a second between PEs of the batch's jobs, as far as the batch takes part.
    rate: f64,
    cost: f64,
    groups: &'a [Group],
    /// How many more looks may be taken.
    steps: usize,
    /// Rules that are left out of account.
    relaxed: Vec<Reason>,
    candidates: Candidates,
}

/// Looking at so many nodes for the first time costs as much as placing a group.
const NODES_A_STEP: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Edge {
    end: End,
    rate: f64,
}

/// The other end of a stream.
#[derive(Clone, Copy, Debug)]
enum End {
    Batch(usize),
    Bound(NodeIndex),
}

impl<'a> Work<'a> {
    pub(super) fn new(snapshot: Snapshot, waiting: &'a [Arc<Pe>], steps: usize) -> Self {
        let (edges, rate) = edges(&snapshot, waiting);
        let nodes = vec![None; waiting.len()];
        let candidates = Candidates::default();
        Self { snapshot, waiting, nodes, edges, rate, cost: 0.0, groups: &[], steps, relaxed: Vec::new(), candidates }
    }

    /// Turns to another unit of the batch.
    pub(super) fn take_on(&mut self, groups: &'a [Group]) {
        self.groups = groups;
    }

    /// The nodes in order, and the snapshot that they belong to.
    pub(super) fn parts(&mut self) -> (&mut Candidates, &Snapshot) {
        (&mut self.candidates, &self.snapshot)
    }

    /// Leaves rules out of account from now on.
    pub(super) fn relax(&mut self, relaxed: &[Reason]) {
        self.relaxed = relaxed.to_vec();
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// How many groups the unit has.
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The PEs of a group.
    pub(super) fn group(&self, group: usize) -> impl Iterator<Item = &'a Arc<Pe>> + use<'a> {
        let waiting = self.waiting;
        self.groups.get(group).into_iter().flatten().filter_map(|at| waiting.get(*at))
    }

    /// Places in the batch of all PEs of the unit.
    pub(super) fn members(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.groups.iter().flatten().copied()
    }

    /// All PEs of the unit.
    pub(super) fn pes(&self) -> impl Iterator<Item = &'a Arc<Pe>> + use<'a> {
        let waiting = self.waiting;
        self.members().filter_map(|at| waiting.get(at))
    }

    /// The first place in the batch of a group's PEs.
    pub(super) fn first_of(&self, group: usize) -> Option<usize> {
        self.groups.get(group)?.iter().copied().min()
    }

    /// The first PE of the unit.
    pub(super) fn first(&self) -> Option<&'a Arc<Pe>> {
        self.group(0).next()
    }

    /// Where a PE of the batch is.
    pub(super) fn node_of(&self, at: usize) -> Option<NodeIndex> {
        self.nodes.get(at).copied().flatten()
    }

    /// Where a group is.
    pub(super) fn node(&self, group: usize) -> Option<NodeIndex> {
        self.groups.get(group).and_then(|members| self.node_of(*members.first()?))
    }

    /// Where all groups are.
    pub(super) fn assignment(&self) -> Vec<Option<NodeIndex>> {
        (0..self.groups()).map(|group| self.node(group)).collect()
    }

    /// How many PEs of the unit have no node.
    pub(super) fn left_over(&self) -> usize {
        self.members().filter(|at| self.node_of(*at).is_none()).count()
    }

    /// What all that is placed costs.
    pub(super) fn total(&self) -> f64 {
        self.cost.max(0.0)
    }

    /// Takes one look off the budget; false when none is left.
    pub(super) fn step(&mut self) -> bool {
        self.spend(1)
    }

    /// Takes a look at every node for every group off the budget; false when less is left.
    pub(super) fn survey(&mut self) -> bool {
        self.spend(self.groups().saturating_mul(self.snapshot.indexes().count()).div_ceil(NODES_A_STEP))
    }

    /// Takes a look at every node for one group off the budget; false when less is left.
    pub(super) fn look(&mut self) -> bool {
        self.spend(self.snapshot.indexes().count().div_ceil(NODES_A_STEP))
    }

    fn spend(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or_default();
        left.is_some()
    }

    /// How many looks are left.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Allows for so many looks from now on.
    pub(super) fn allow(&mut self, steps: usize) {
        self.steps = steps;
    }

    /// The nodes that pass for a group as things are, the cheapest first.
    pub(super) fn passing(&self, group: usize) -> Vec<NodeIndex> {
        let Some(first) = self.group(group).next() else { return Vec::new() };
        let decision = Decision::new(first, &self.snapshot, Foresight::Bucket);
        let nodes = self.snapshot.indexes();
        let pass = nodes.filter(|index| decision.filter_without(*index, &self.relaxed).is_ok());
        self.cheapest_first(group, pass)
    }

    /// The best nodes for a group as far as only PE and node are concerned.
    pub(super) fn attractive(&mut self, group: usize, most: usize) -> Vec<NodeIndex> {
        let Some(first) = self.group(group).next() else { return Vec::new() };
        let kept = self.candidates.in_classes(first, &self.snapshot);
        kept.into_iter().flatten().take(most).map(|(_, index)| index).collect()
    }

    fn cheapest_first(&self, group: usize, nodes: impl Iterator<Item = NodeIndex>) -> Vec<NodeIndex> {
        let mut priced: Vec<(f64, NodeIndex)> = nodes.map(|node| (self.marginal(group, node), node)).collect();
        priced.sort_by(|(cost, node), (other_cost, other)| cost.total_cmp(other_cost).then_with(|| node.cmp(other)));
        priced.into_iter().map(|(_, node)| node).collect()
    }

    /// Why a group may not go to a node as things are, for its first PE.
    pub(super) fn rejection(&self, group: usize, node: NodeIndex) -> Option<Rejection> {
        let pe = self.group(group).next()?;
        Decision::new(pe, &self.snapshot, Foresight::Bucket).filter_without(node, &self.relaxed).err()
    }

    /// Places a group that is not placed, every member or none.
    pub(super) fn place(&mut self, group: usize, node: NodeIndex) -> Result<(), Rejection> {
        let cost = self.marginal(group, node);
        for (number, pe) in self.group(group).enumerate() {
            let decision = Decision::new(pe, &self.snapshot, Foresight::Bucket);
            if let Err(rejection) = decision.filter_without(node, &self.relaxed) {
                self.group(group).take(number).for_each(|placed| self.snapshot.displace(placed, node));
                return Err(rejection);
            }
            self.snapshot.place(pe, node);
        }
        self.set(group, Some(node));
        self.cost += cost;
        self.candidates.changed(node);
        Ok(())
    }

    /// Takes a group off its node.
    pub(super) fn displace(&mut self, group: usize) {
        let Some(node) = self.node(group) else { return };
        self.group(group).for_each(|pe| self.snapshot.displace(pe, node));
        self.set(group, None);
        self.cost -= self.marginal(group, node);
        self.candidates.changed(node);
    }

    /// Takes every group of the unit off its node.
    pub(super) fn clear(&mut self) {
        (0..self.groups()).for_each(|group| self.displace(group));
    }

    /// Brings every group of the unit to where it was, in an order in which that is possible.
    pub(super) fn restore(&mut self, assignment: &[Option<NodeIndex>]) {
        self.clear();
        let mut missing: Vec<(usize, NodeIndex)> =
            assignment.iter().enumerate().filter_map(|(group, node)| Some((group, (*node)?))).collect();
        // A node of a sized pool is chosen by whoever comes first: what is refused now may pass after others.
        loop {
            let before = missing.len();
            missing.retain(|(group, node)| self.place(*group, *node).is_err());
            if missing.is_empty() || missing.len() == before {
                return;
            }
        }
    }

    /// Whether one decision after another can lead here, each in view of all that wait: it keeps nodes for PEs that are
    /// left over. Takes a look for each group off the budget where there are such; false when less is left.
    pub(super) fn is_reachable(&mut self) -> bool {
        if !self.is_contested() {
            return true;
        }
        if !self.spend(self.groups()) {
            return false;
        }
        let placed = self.assignment().into_iter().enumerate().filter_map(|(group, node)| Some((group, node?)));
        let mut missing: Vec<(usize, NodeIndex)> = placed.collect();
        let mut snapshot = self.snapshot.clone();
        for (group, node) in &missing {
            self.group(*group).for_each(|pe| snapshot.displace(pe, *node));
        }
        loop {
            let before = missing.len();
            missing.retain(|(group, node)| !decide(&self.group(*group).collect::<Vec<_>>(), *node, &mut snapshot));
            if missing.is_empty() || missing.len() == before {
                return missing.is_empty();
            }
        }
    }

    /// Whether a PE that is placed shares an exlocation token with one that is not.
    pub(super) fn is_contested(&self) -> bool {
        let jobs: BTreeSet<&JobId> = self.members().filter_map(|at| Some(&self.waiting.get(at)?.job)).collect();
        let members = jobs.into_iter().filter_map(|job| self.snapshot.job(job)).flat_map(|job| &job.members);
        let wanted: BTreeSet<(&JobId, &Token)> =
            members.filter(|member| member.node.is_none()).flat_map(|member| exlocation(&member.pe)).collect();
        let mut placed = self.members().filter(|at| self.node_of(*at).is_some()).filter_map(|at| self.waiting.get(at));
        !wanted.is_empty() && placed.any(|pe| exlocation(pe).any(|token| wanted.contains(&token)))
    }

    /// What placing a group on a node would add to the cost; costs only grow while groups are placed.
    pub(super) fn marginal(&self, group: usize, node: NodeIndex) -> f64 {
        self.crowding(group, node) + self.cut(group, node)
    }

    /// The nodes of the PEs that a group exchanges data with.
    pub(super) fn peers(&self, group: usize) -> Vec<NodeIndex> {
        let edges = self.groups.get(group).into_iter().flatten().filter_map(|at| self.edges.get(*at)).flatten();
        let mut nodes: Vec<NodeIndex> = edges.filter_map(|edge| self.end(edge.end)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    fn crowding(&self, group: usize, node: NodeIndex) -> f64 {
        let Some((info, _)) = self.snapshot.info(node) else { return 0.0 };
        let cores = info.occupancy.allocatable.cpu.0;
        let amount = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (before, batch) = (info.pes, amount(self.waiting.len()));
        let packs = |pe: &Arc<Pe>| pe.spec.as_ref().is_ok_and(|spec| spec.scheme == ScoringStrategy::Pack);
        let found = |(number, pe): (usize, &Arc<Pe>)| {
            let before = before + number;
            if packs(pe) {
                ratio(u64::from(before == 0), batch)
            } else {
                1_000.0 * ratio(amount(before + 1), cores) / ratio(batch, 1)
            }
        };
        self.group(group).enumerate().map(found).sum()
    }

    fn cut(&self, group: usize, node: NodeIndex) -> f64 {
        if self.rate <= 0.0 {
            return 0.0;
        }
        let Some(members) = self.groups.get(group) else { return 0.0 };
        let edges = members.iter().filter_map(|at| self.edges.get(*at)).flatten();
        // What stays within the group stays on its node.
        let outward = edges.filter(|edge| !matches!(edge.end, End::Batch(at) if members.contains(&at)));
        let lost = outward.filter_map(|edge| Some(edge.rate * self.distance(node, self.end(edge.end)?)));
        lost.sum::<f64>() / self.rate
    }

    fn end(&self, end: End) -> Option<NodeIndex> {
        match end {
            End::Batch(at) => self.node_of(at),
            End::Bound(node) => Some(node),
        }
    }

    /// None on one node, half in one zone, else whole.
    fn distance(&self, one: NodeIndex, other: NodeIndex) -> f64 {
        let zone_of = |index| self.snapshot.info(index).and_then(|(info, _)| zone(&info.node));
        if one == other {
            0.0
        } else if zone_of(one).is_some() && zone_of(one) == zone_of(other) {
            0.5
        } else {
            1.0
        }
    }

    fn set(&mut self, group: usize, node: Option<NodeIndex>) {
        for at in self.groups.get(group).into_iter().flatten() {
            if let Some(slot) = self.nodes.get_mut(*at) {
                *slot = node;
            }
        }
    }
}

/// Places PEs on a node, if each may go there in view of all that wait.
fn decide(pes: &[&Arc<Pe>], node: NodeIndex, snapshot: &mut Snapshot) -> bool {
    let mut with = snapshot.clone();
    let all = pes.iter().all(|pe| {
        let passes = Decision::new(pe, &with, Foresight::Pending).filter(node).is_ok();
        with.place(pe, node);
        passes
    });
    if all {
        *snapshot = with;
    }
    all
}

fn exlocation(pe: &Pe) -> impl Iterator<Item = (&JobId, &Token)> {
    pe.spec.iter().flat_map(|spec| &spec.exlocation).map(|token| (&pe.job, token))
}

/// Whom each PE exchanges data with, as far as the other end is in the batch or bound, and the sum of all rates.
fn edges(snapshot: &Snapshot, waiting: &[Arc<Pe>]) -> (Vec<Vec<Edge>>, f64) {
    let places: HashMap<&PodUid, usize, ahash::RandomState> =
        waiting.iter().enumerate().map(|(at, pe)| (&pe.pod.key.uid, at)).collect();
    let end = |member: &Member| match places.get(&member.pe.pod.key.uid) {
        Some(at) => Some(End::Batch(*at)),
        None => member.node.map(End::Bound),
    };
    let jobs: BTreeSet<&JobId> = waiting.iter().map(|pe| &pe.job).collect();
    let mut edges: Vec<Vec<Edge>> = vec![Vec::new(); waiting.len()];
    let mut total = 0.0;
    let mut add = |from: End, to: End, rate: f64| {
        for (one, other) in [(from, to), (to, from)] {
            if let End::Batch(at) = one
                && let Some(edges) = edges.get_mut(at)
            {
                edges.push(Edge { end: other, rate });
            }
        }
        if matches!(from, End::Batch(_)) || matches!(to, End::Batch(_)) {
            total += rate;
        }
    };
    for job in jobs.into_iter().filter_map(|job| snapshot.job(job)) {
        let mut named: BTreeMap<&str, Vec<&Member>> = BTreeMap::new();
        job.members.iter().for_each(|member| named.entry(&*member.pe.name).or_default().push(member));
        for member in &job.members {
            let sends = member.pe.spec.iter().flat_map(|spec| &spec.connects_to);
            for (connection, to) in
                sends.flat_map(|to| named.get(&*to.to).into_iter().flatten().map(move |at| (to, at)))
            {
                if let (Some(from), Some(to)) = (end(member), end(to)) {
                    add(from, to, ratio(connection.rate, 1));
                }
            }
        }
    }
    (edges, total)
}
