//! The state of a plan while the planner changes it: the assignment of the batch, its cost, and the remaining budget.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::super::decide::{Foresight, PlacementDecision};
use super::super::score::limit_risk::ratio;
use super::super::score::traffic::zone;
use super::group::Group;
use super::node_orders::NodeOrders;
use crate::model::{JobId, Pe, PodUid, Reason, Rejection, ScoringStrategy, Token};
use crate::risk::{AddedDemand, JobSums};
use crate::state::{Member, NodeIndex, Snapshot};

/// The state of a plan: the batch, its assignment, and the current unit.
#[derive(Debug)]
pub(super) struct Assignment<'a> {
    snapshot: Snapshot,
    batch: &'a [Arc<Pe>],
    /// The node of each PE of the batch.
    nodes: Vec<Option<NodeIndex>>,
    /// The traffic peers of each PE of the batch.
    traffic: Vec<Vec<TrafficPeer>>,
    /// Bytes a second of all traffic with PEs of the batch.
    rate: f64,
    cost: f64,
    groups: &'a [Group],
    /// What each group of the unit adds to the demand on a node; empty where no demand is known.
    added: Vec<Option<AddedDemand>>,
    /// The weight of the risk by demand in the cost.
    risk_weight: f64,
    /// How many PEs of the batch are on each node.
    placed: BTreeMap<NodeIndex, u64>,
    /// The remaining budget.
    steps: usize,
    /// The reasons whose rejections do not count.
    relaxed: Vec<Reason>,
    node_orders: NodeOrders,
}

/// Filtering this many nodes counts as one step, like placing a group.
const NODES_A_STEP: usize = 16;

/// A PE that a PE of the batch exchanges traffic with, and the bytes a second.
#[derive(Clone, Copy, Debug)]
struct TrafficPeer {
    place: PeerPlace,
    rate: f64,
}

/// Where the PE at the other end of a connection is.
#[derive(Clone, Copy, Debug)]
enum PeerPlace {
    /// The position of a PE of the batch.
    Batch(usize),
    /// The node of a bound PE.
    Bound(NodeIndex),
}

impl<'a> Assignment<'a> {
    pub(super) fn new(snapshot: Snapshot, batch: &'a [Arc<Pe>], steps: usize) -> Self {
        let (traffic, rate) = traffic(&snapshot, batch);
        let nodes = vec![None; batch.len()];
        let node_orders = NodeOrders::default();
        let risk_weight = risk_weight(batch);
        let (cost, added, relaxed) = (0.0, Vec::new(), Vec::new());
        Self {
            snapshot,
            batch,
            nodes,
            traffic,
            rate,
            cost,
            groups: &[],
            added,
            risk_weight,
            placed: BTreeMap::new(),
            steps,
            relaxed,
            node_orders,
        }
    }

    /// Begins another unit of the batch.
    pub(super) fn begin_unit(&mut self, groups: &'a [Group]) {
        self.groups = groups;
        self.added = if self.snapshot.knows_demand() {
            (0..groups.len()).map(|group| added_by(&self.group(group).collect::<Vec<_>>(), &self.snapshot)).collect()
        } else {
            Vec::new()
        };
    }

    /// The orders of nodes, and the snapshot that they belong to.
    pub(super) fn node_orders_and_snapshot(&mut self) -> (&mut NodeOrders, &Snapshot) {
        (&mut self.node_orders, &self.snapshot)
    }

    /// Ignores rejections for these reasons from now on.
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
        let batch = self.batch;
        self.groups.get(group).into_iter().flatten().filter_map(|at| batch.get(*at))
    }

    /// The positions in the batch of all PEs of the unit.
    pub(super) fn members(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.groups.iter().flatten().copied()
    }

    /// All PEs of the unit.
    pub(super) fn pes(&self) -> impl Iterator<Item = &'a Arc<Pe>> + use<'a> {
        let batch = self.batch;
        self.members().filter_map(|at| batch.get(at))
    }

    /// The first position in the batch of a group's PEs.
    pub(super) fn first_of(&self, group: usize) -> Option<usize> {
        self.groups.get(group)?.iter().copied().min()
    }

    /// The first PE of the unit.
    pub(super) fn first(&self) -> Option<&'a Arc<Pe>> {
        self.group(0).next()
    }

    /// The node of a PE of the batch.
    pub(super) fn node_of(&self, at: usize) -> Option<NodeIndex> {
        self.nodes.get(at).copied().flatten()
    }

    /// The node of a group.
    pub(super) fn node(&self, group: usize) -> Option<NodeIndex> {
        self.groups.get(group).and_then(|members| self.node_of(*members.first()?))
    }

    /// The nodes of all groups.
    pub(super) fn assignment(&self) -> Vec<Option<NodeIndex>> {
        (0..self.groups()).map(|group| self.node(group)).collect()
    }

    /// How many PEs of the unit have no node.
    pub(super) fn left_over(&self) -> usize {
        self.members().filter(|at| self.node_of(*at).is_none()).count()
    }

    /// The cost of the assignment.
    pub(super) fn total(&self) -> f64 {
        self.cost.max(0.0)
    }

    /// Spends one step; false where the budget does not suffice.
    pub(super) fn spend_step(&mut self) -> bool {
        self.spend(1)
    }

    /// Spends the steps of filtering every node for every group; false where the budget does not suffice.
    pub(super) fn spend_full_scan(&mut self) -> bool {
        self.spend(self.groups().saturating_mul(self.snapshot.indexes().count()).div_ceil(NODES_A_STEP))
    }

    /// Spends the steps of filtering every node for one group; false where the budget does not suffice.
    pub(super) fn spend_scan(&mut self) -> bool {
        self.spend(self.snapshot.indexes().count().div_ceil(NODES_A_STEP))
    }

    fn spend(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or_default();
        left.is_some()
    }

    /// The remaining steps.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Sets the remaining steps.
    pub(super) fn set_steps(&mut self, steps: usize) {
        self.steps = steps;
    }

    /// The nodes that pass for a group, the cheapest first.
    pub(super) fn passing(&self, group: usize) -> Vec<NodeIndex> {
        let Some(first) = self.group(group).next() else { return Vec::new() };
        let decision = PlacementDecision::new(first, &self.snapshot, Foresight::Bucket);
        let nodes = self.snapshot.indexes();
        let pass = nodes.filter(|index| decision.filter_without(*index, &self.relaxed).is_ok());
        self.cheapest_first(group, pass)
    }

    /// The best nodes for a group by the rules that read no other PE.
    pub(super) fn attractive(&mut self, group: usize, most: usize) -> Vec<NodeIndex> {
        let Some(first) = self.group(group).next() else { return Vec::new() };
        let kept = self.node_orders.nodes_by_class(first, &self.snapshot);
        kept.into_iter().flatten().take(most).map(|(_, index)| index).collect()
    }

    fn cheapest_first(&self, group: usize, nodes: impl Iterator<Item = NodeIndex>) -> Vec<NodeIndex> {
        let mut priced: Vec<(f64, NodeIndex)> = nodes.map(|node| (self.marginal(group, node), node)).collect();
        priced.sort_by(|(cost, node), (other_cost, other)| cost.total_cmp(other_cost).then_with(|| node.cmp(other)));
        priced.into_iter().map(|(_, node)| node).collect()
    }

    /// The rejection of a node for the first PE of a group.
    pub(super) fn rejection(&self, group: usize, node: NodeIndex) -> Option<Rejection> {
        let pe = self.group(group).next()?;
        PlacementDecision::new(pe, &self.snapshot, Foresight::Bucket).filter_without(node, &self.relaxed).err()
    }

    /// Places every member of an unplaced group, or none.
    pub(super) fn place(&mut self, group: usize, node: NodeIndex) -> Result<(), Rejection> {
        let cost = self.marginal(group, node);
        for (number, pe) in self.group(group).enumerate() {
            let decision = PlacementDecision::new(pe, &self.snapshot, Foresight::Bucket);
            if let Err(rejection) = decision.filter_without(node, &self.relaxed) {
                self.group(group).take(number).for_each(|placed| self.snapshot.displace(placed, node));
                return Err(rejection);
            }
            self.snapshot.place(pe, node);
        }
        self.set_node(group, Some(node));
        self.note_placed(group, node);
        self.cost += cost;
        self.node_orders.note_change(node);
        Ok(())
    }

    /// Removes a group from its node.
    pub(super) fn displace(&mut self, group: usize) {
        let Some(node) = self.node(group) else { return };
        self.group(group).for_each(|pe| self.snapshot.displace(pe, node));
        self.set_node(group, None);
        self.note_displaced(group, node);
        self.cost -= self.marginal(group, node);
        self.node_orders.note_change(node);
    }

    /// Removes every group of the unit from its node.
    pub(super) fn clear(&mut self) {
        (0..self.groups()).for_each(|group| self.displace(group));
    }

    /// Restores an assignment of the unit, in an order in which every group passes.
    pub(super) fn restore(&mut self, assignment: &[Option<NodeIndex>]) {
        self.clear();
        let mut missing: Vec<(usize, NodeIndex)> =
            assignment.iter().enumerate().filter_map(|(group, node)| Some((group, (*node)?))).collect();
        // A group may be rejected until another group has joined the allocation of a sized pool.
        loop {
            let before = missing.len();
            missing.retain(|(group, node)| self.place(*group, *node).is_err());
            if missing.is_empty() || missing.len() == before {
                return;
            }
        }
    }

    /// True where single decisions with look-ahead can reach the assignment, so that filter and bind would allow each of
    /// its placements. Where PEs are left over, this spends a step for each group; false where the budget does not suffice.
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
            missing.retain(|(group, node)| {
                !place_if_allowed(&self.group(*group).collect::<Vec<_>>(), *node, &mut snapshot)
            });
            if missing.is_empty() || missing.len() == before {
                return missing.is_empty();
            }
        }
    }

    /// True where a placed PE shares an exlocation token with a pending PE.
    pub(super) fn is_contested(&self) -> bool {
        let jobs: BTreeSet<&JobId> = self.members().filter_map(|at| Some(&self.batch.get(at)?.job)).collect();
        let members = jobs.into_iter().filter_map(|job| self.snapshot.job(job)).flat_map(|job| &job.members);
        let wanted: BTreeSet<(&JobId, &Token)> =
            members.filter(|member| member.is_waiting()).flat_map(|member| exlocation(&member.pe)).collect();
        let mut placed = self.members().filter(|at| self.node_of(*at).is_some()).filter_map(|at| self.batch.get(at));
        !wanted.is_empty() && placed.any(|pe| exlocation(pe).any(|token| wanted.contains(&token)))
    }

    /// The cost that placing a group on a node would add. Placing a group never lowers the cost.
    pub(super) fn marginal(&self, group: usize, node: NodeIndex) -> f64 {
        self.crowding(group, node) + self.cut_traffic(group, node) + self.risk(group, node)
    }

    /// How much a group raises the risk by demand, summed up over the PEs of the batch on the node. What all groups raise it by
    /// is the same in whatever order they come.
    fn risk(&self, group: usize, node: NodeIndex) -> f64 {
        let Some(Some(added)) = self.added.get(group) else { return 0.0 };
        let amount = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let of_all = |pes: u64, added: &AddedDemand| {
            ratio(pes, amount(self.batch.len())) * self.snapshot.risk_with(added, node).unwrap_or_default()
        };
        let before = self.placed.get(&node).copied().unwrap_or_default();
        let after = before + amount(self.group(group).count());
        let raised = of_all(after, added) - if before == 0 { 0.0 } else { of_all(before, &AddedDemand::nothing()) };
        self.risk_weight * raised.max(0.0)
    }

    /// The nodes of a group's traffic peers.
    pub(super) fn peers(&self, group: usize) -> Vec<NodeIndex> {
        let traffic = self.groups.get(group).into_iter().flatten().filter_map(|at| self.traffic.get(*at)).flatten();
        let mut nodes: Vec<NodeIndex> = traffic.filter_map(|peer| self.node_of_peer(peer.place)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    fn crowding(&self, group: usize, node: NodeIndex) -> f64 {
        let Some((info, _)) = self.snapshot.info(node) else { return 0.0 };
        let cores = info.occupancy.allocatable.cpu.0;
        let amount = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (before, batch) = (info.pes, amount(self.batch.len()));
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

    fn cut_traffic(&self, group: usize, node: NodeIndex) -> f64 {
        if self.rate <= 0.0 {
            return 0.0;
        }
        let Some(members) = self.groups.get(group) else { return 0.0 };
        let traffic = members.iter().filter_map(|at| self.traffic.get(*at)).flatten();
        // Traffic within the group stays on its node.
        let outward = traffic.filter(|peer| !matches!(peer.place, PeerPlace::Batch(at) if members.contains(&at)));
        let lost = outward.filter_map(|peer| Some(peer.rate * self.distance(node, self.node_of_peer(peer.place)?)));
        lost.sum::<f64>() / self.rate
    }

    fn node_of_peer(&self, place: PeerPlace) -> Option<NodeIndex> {
        match place {
            PeerPlace::Batch(at) => self.node_of(at),
            PeerPlace::Bound(node) => Some(node),
        }
    }

    /// 0 for one node, 0.5 for one zone, else 1.
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

    fn note_placed(&mut self, group: usize, node: NodeIndex) {
        let pes = u64::try_from(self.group(group).count()).unwrap_or(u64::MAX);
        *self.placed.entry(node).or_default() += pes;
    }

    fn note_displaced(&mut self, group: usize, node: NodeIndex) {
        let pes = u64::try_from(self.group(group).count()).unwrap_or(u64::MAX);
        if let Some(placed) = self.placed.get_mut(&node) {
            *placed = placed.saturating_sub(pes);
        }
    }

    fn set_node(&mut self, group: usize, node: Option<NodeIndex>) {
        for at in self.groups.get(group).into_iter().flatten() {
            if let Some(slot) = self.nodes.get_mut(*at) {
                *slot = node;
            }
        }
    }
}

/// The weight of the risk in the cost of a plan: the highest of the PEs whose strategy reads the risk.
fn risk_weight(batch: &[Arc<Pe>]) -> f64 {
    let specs = batch.iter().filter_map(|pe| pe.spec.as_ref().ok());
    let reading = specs.filter(|spec| spec.scheme != ScoringStrategy::Pack);
    f64::from(reading.map(|spec| spec.risk_weight).max().unwrap_or_default()) / 1_000.0
}

/// What the PEs of a group add to the demand on a node.
fn added_by(pes: &[&Arc<Pe>], snapshot: &Snapshot) -> Option<AddedDemand> {
    let demand = |pe: &Arc<Pe>| snapshot.pod_demand(&pe.pod, Some(pe));
    let (first, others) = pes.split_first()?;
    let mut sums = JobSums::of_pe(&demand(first)?)?;
    others.iter().filter_map(|pe| demand(pe)).for_each(|demand| sums.add(&demand));
    Some(AddedDemand::new(sums))
}

/// Places PEs on a node where each of them passes with look-ahead. True where the PEs are placed.
fn place_if_allowed(pes: &[&Arc<Pe>], node: NodeIndex, snapshot: &mut Snapshot) -> bool {
    let mut with = snapshot.clone();
    let all = pes.iter().all(|pe| {
        let passes = PlacementDecision::new(pe, &with, Foresight::Pending).filter(node).is_ok();
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

/// The traffic peers of each PE of the batch that are bound or in the batch, and the sum of all rates.
fn traffic(snapshot: &Snapshot, batch: &[Arc<Pe>]) -> (Vec<Vec<TrafficPeer>>, f64) {
    let places: HashMap<&PodUid, usize, ahash::RandomState> =
        batch.iter().enumerate().map(|(at, pe)| (&pe.pod.key.uid, at)).collect();
    let end = |member: &Member| match places.get(&member.pe.pod.key.uid) {
        Some(at) => Some(PeerPlace::Batch(*at)),
        None => member.node().map(PeerPlace::Bound),
    };
    let jobs: BTreeSet<&JobId> = batch.iter().map(|pe| &pe.job).collect();
    let mut traffic: Vec<Vec<TrafficPeer>> = vec![Vec::new(); batch.len()];
    let mut total = 0.0;
    let mut add = |from: PeerPlace, to: PeerPlace, rate: f64| {
        for (one, other) in [(from, to), (to, from)] {
            if let PeerPlace::Batch(at) = one
                && let Some(traffic) = traffic.get_mut(at)
            {
                traffic.push(TrafficPeer { place: other, rate });
            }
        }
        if matches!(from, PeerPlace::Batch(_)) || matches!(to, PeerPlace::Batch(_)) {
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
    (traffic, total)
}
