//! Plans: nodes for a batch of pending PEs, decided together.
//!
//! A plan begins with greedy placement, which is fast for large batches. Then the planner searches within its [`Budget`]
//! for nodes for the PEs that are left over, and for a cheaper assignment. Every planned PE passes the rules of filter and
//! bind, look-ahead for the PEs that are left over included, so filter and bind reject no planned PE.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::decide::{Foresight, PlacementDecision};
use super::super::gang::is_complete;
use super::assignment::Assignment;
use super::conflict::{self, Conflict};
use super::group::{Unit, units};
use super::{greedy, improve, search, shortage};
use crate::model::{Gang, Pe, Reason};
use crate::state::{NodeIndex, Snapshot};

/// The budget of a plan: a number of steps, each of which tries a group of PEs on a node. Steps are deterministic, unlike
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(pub usize);

impl Default for Budget {
    /// Some tens of milliseconds.
    fn default() -> Self {
        Self(1 << 14)
    }
}

/// Batches of at most this many groups and nodes are searched exhaustively. Larger ones are improved by local search.
const FEW_GROUPS: usize = 8;
const FEW_NODES: usize = 64;
/// The budgets that are tried in turn where a batch has several units, up to the given budget. A larger budget may place
/// one unit so that the next unit has a worse plan, so the best plan of all budgets is taken.
const LADDER: [usize; 8] = [0, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22];

/// A plan for a batch of PEs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The PEs with a node, in the order of the batch.
    pub placements: Vec<PlannedPe>,
    /// The PEs without a node, in the order of the batch.
    pub unplaced: Vec<UnplacedPe>,
    /// The cost of the plan; less is better. PEs without a node do not count. The cost is the sum of three parts.
    ///
    /// Traffic: the share of the traffic of the batch's jobs that leaves its node, from 0 to 1. Traffic within a zone
    /// counts half. Crowding: the mean over the batch of the PEs per core of the node when the PE is placed. For PEs of
    /// strategy `pack`, the share of PEs that are placed on an empty node.
    ///
    /// Risk, where demand is known: the mean over the batch of the risk of the node that the PE is on, times the weight of the
    /// risk.
    pub cost: f64,
}

/// A PE and its node.
#[derive(Clone, Debug)]
pub struct PlannedPe {
    /// The PE.
    pub pe: Arc<Pe>,
    /// The node.
    pub node: NodeIndex,
}

/// A PE for which the plan has no node.
#[derive(Clone, Debug)]
pub struct UnplacedPe {
    /// The position of the PE in the batch.
    pub at: usize,
    /// The PE.
    pub pe: Arc<Pe>,
    /// How many nodes are rejected, by reason, with the rest of the plan placed.
    pub rejected: BTreeMap<Reason, usize>,
    /// Why the gang of the PE has no assignment; `None` for PEs without a gang.
    pub conflict: Option<Arc<Conflict>>,
}

impl Plan {
    /// The better plan is `Less`: fewer PEs without a node, then earlier ones placed, then the lower cost.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let left_over = |plan: &Self| plan.unplaced.iter().map(|unplaced| unplaced.at).collect::<Vec<usize>>();
        let (own, theirs) = (left_over(self), left_over(other));
        own.len().cmp(&theirs.len()).then_with(|| theirs.cmp(&own)).then_with(|| self.cost.total_cmp(&other.cost))
    }
}

/// Plans a batch of pending PEs, which are in the order of their urgency.
///
/// The plan is deterministic, and a larger budget never gives a worse plan. A single PE gets the node that filter and
/// prioritize would choose.
#[must_use]
pub fn plan(snapshot: &Snapshot, batch: &[Arc<Pe>], budget: Budget) -> Plan {
    let units = units(snapshot, batch);
    let [_] = units.as_slice() else {
        let ladder = LADDER.into_iter().filter(|steps| *steps <= budget.0);
        let plans = ladder.map(|steps| plan_within(snapshot, batch, &units, steps));
        let best = plans.reduce(|best, next| if next.compare(&best).is_lt() { next } else { best });
        return best.unwrap_or_else(|| plan_within(snapshot, batch, &units, 0));
    };
    plan_within(snapshot, batch, &units, budget.0)
}

fn plan_within(snapshot: &Snapshot, batch: &[Arc<Pe>], units: &[Unit], steps: usize) -> Plan {
    let mut assignment = Assignment::new(snapshot.clone(), batch, steps);
    let mut failed: BTreeMap<usize, GangFailure> = BTreeMap::new();
    for unit in units {
        let settled = match unit {
            Unit::Free(groups) => {
                assignment.begin_unit(groups);
                greedy::place(&mut assignment);
                if batch.len() > 1 {
                    improve_assignment(&mut assignment);
                }
                Ok(())
            }
            Unit::Gang { groups, gang } => {
                assignment.begin_unit(groups);
                place_gang(&mut assignment, *gang)
            }
        };
        if let Err(failure) = settled {
            failed.extend(assignment.members().map(|at| (at, failure.clone())));
        }
    }
    collect_plan(&assignment, batch, &failed)
}

/// Searches for nodes for the PEs that are left over, then for a cheaper assignment.
fn improve_assignment(assignment: &mut Assignment<'_>) {
    search::repair(assignment);
    if assignment.groups() <= FEW_GROUPS && assignment.snapshot().indexes().take(FEW_NODES + 1).count() <= FEW_NODES {
        search::optimise(assignment);
    } else {
        improve::improve(assignment);
    }
}

/// The reason why a gang is not placed.
#[derive(Clone, Debug)]
enum GangFailure {
    Incomplete,
    Infeasible(Option<Arc<Conflict>>),
}

/// Places all groups of a gang, or none.
fn place_gang(assignment: &mut Assignment<'_>, gang: Gang) -> Result<(), GangFailure> {
    if !assignment.first().is_some_and(|member| is_complete(assignment.snapshot(), &member.job, gang)) {
        return Err(GangFailure::Incomplete);
    }
    if assignment.groups() > conflict::FEW_GROUPS
        && let Some(shortage) = shortage::find(&assignment.pes().collect::<Vec<_>>(), assignment.snapshot())
    {
        return Err(GangFailure::Infeasible(Some(Arc::new(shortage))));
    }
    greedy::place_gang(assignment);
    if assignment.left_over() > 0 {
        greedy::place(assignment);
        search::repair(assignment);
    }
    if assignment.left_over() > 0 {
        assignment.clear();
        return Err(GangFailure::Infeasible(conflict::find(assignment).map(Arc::new)));
    }
    improve_assignment(assignment);
    Ok(())
}

fn collect_plan(assignment: &Assignment<'_>, batch: &[Arc<Pe>], failed: &BTreeMap<usize, GangFailure>) -> Plan {
    let snapshot = assignment.snapshot();
    let mut placements = Vec::new();
    let mut unplaced = Vec::new();
    for (at, pe) in batch.iter().enumerate() {
        match assignment.node_of(at) {
            Some(node) => placements.push(PlannedPe { pe: Arc::clone(pe), node }),
            None => unplaced.push(without_node(at, pe, snapshot, failed.get(&at))),
        }
    }
    // Rounded, because the order of additions and subtractions changes the last digits.
    Plan { placements, unplaced, cost: (assignment.total() * 1e9).round() / 1e9 }
}

fn without_node(at: usize, pe: &Arc<Pe>, snapshot: &Snapshot, failed: Option<&GangFailure>) -> UnplacedPe {
    let everywhere = |reason| BTreeMap::from([(reason, snapshot.indexes().count())]);
    let (rejected, conflict) = match failed {
        Some(GangFailure::Incomplete) => (everywhere(Reason::GangIncomplete), None),
        Some(GangFailure::Infeasible(conflict)) => (everywhere(Reason::GangInfeasible), conflict.clone()),
        None => {
            let decision = PlacementDecision::new(pe, snapshot, Foresight::Pending);
            let mut rejected: BTreeMap<Reason, usize> = BTreeMap::new();
            for rejection in snapshot.indexes().filter_map(|index| decision.filter(index).err()) {
                *rejected.entry(rejection.reason()).or_default() += 1;
            }
            (rejected, None)
        }
    };
    UnplacedPe { at, pe: Arc::clone(pe), rejected, conflict }
}
