//! Plans: where a batch of waiting PEs goes, decided together.
//!
//! A plan begins with what one decision after another would do, which settles large batches fast. Then, as far as its
//! [`Budget`] goes, it searches: for nodes for PEs that were left over, and for a cheaper assignment. Every PE of a plan
//! passes the very rules that filter and bind apply, look-ahead for those that are left over included, so a plan never
//! promises what they would refuse.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::decide::{Decision, Foresight};
use super::super::gang::is_complete;
use super::conflict::{self, Conflict};
use super::group::{Unit, units};
use super::work::Work;
use super::{greedy, improve, search, shortage};
use crate::model::{Gang, Pe, Reason};
use crate::state::{NodeIndex, Snapshot};

/// How much may be tried: a number of looks at a group of PEs and a node. Deterministic, unlike time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(pub usize);

impl Default for Budget {
    /// Some tens of milliseconds.
    fn default() -> Self {
        Self(1 << 14)
    }
}

/// Batches of up to so many groups, before up to so many nodes, are searched through; larger ones are improved step by
/// step.
const FEW_GROUPS: usize = 8;
const FEW_NODES: usize = 64;
/// The budgets that are tried where a batch has several units, up to the one that is given: what one unit finds with
/// more of it may stand in the way of the next, and the best of all is taken.
const LADDER: [usize; 8] = [0, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22];

/// Where each PE of a batch goes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The PEs that have a node, in the order in which they were given.
    pub placements: Vec<PlannedPe>,
    /// The PEs that have none, in the order in which they were given.
    pub unplaced: Vec<UnplacedPe>,
    /// What it costs beyond PEs without a node; less is better. The sum of two parts.
    ///
    /// Traffic: the share of what the batch's jobs exchange that leaves its node, from 0 to 1, where what stays in the
    /// zone counts half. Crowding: PEs per core, as the PEs of the batch find them on their nodes one after another, in
    /// the mean; for PEs of the scheme `pack` the share of them that begin an empty node.
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
    /// Its place in the batch.
    pub at: usize,
    /// The PE.
    pub pe: Arc<Pe>,
    /// How many nodes refuse it, by reason, once everything else of the plan is placed.
    pub rejected: BTreeMap<Reason, usize>,
    /// Where it is a gang that cannot be placed: what cannot be met together.
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

/// Plans a batch of waiting PEs of the snapshot, the most urgent first.
///
/// Deterministic, and anytime: a larger budget never gives a worse plan. A single PE goes where filter and prioritize
/// would send it.
#[must_use]
pub fn plan(snapshot: &Snapshot, waiting: &[Arc<Pe>], budget: Budget) -> Plan {
    let units = units(snapshot, waiting);
    let [_] = units.as_slice() else {
        let ladder = LADDER.into_iter().filter(|steps| *steps <= budget.0);
        let plans = ladder.map(|steps| attempt(snapshot, waiting, &units, steps));
        let best = plans.reduce(|best, next| if next.compare(&best).is_lt() { next } else { best });
        return best.unwrap_or_else(|| attempt(snapshot, waiting, &units, 0));
    };
    attempt(snapshot, waiting, &units, budget.0)
}

fn attempt(snapshot: &Snapshot, waiting: &[Arc<Pe>], units: &[Unit], steps: usize) -> Plan {
    let mut work = Work::new(snapshot.clone(), waiting, steps);
    let mut failed: BTreeMap<usize, Failed> = BTreeMap::new();
    for unit in units {
        let settled = match unit {
            Unit::Free(groups) => {
                work.take_on(groups);
                greedy::place(&mut work);
                if waiting.len() > 1 {
                    better(&mut work);
                }
                Ok(())
            }
            Unit::Gang(groups, gang) => {
                work.take_on(groups);
                place_gang(&mut work, *gang)
            }
        };
        if let Err(failure) = settled {
            failed.extend(work.members().map(|at| (at, failure.clone())));
        }
    }
    outcome(&work, waiting, &failed)
}

/// Nodes for those that have none, then a cheaper assignment.
fn better(work: &mut Work<'_>) {
    search::repair(work);
    if work.groups() <= FEW_GROUPS && work.snapshot().indexes().take(FEW_NODES + 1).count() <= FEW_NODES {
        search::optimise(work);
    } else {
        improve::improve(work);
    }
}

/// Why a gang is not placed.
#[derive(Clone, Debug)]
enum Failed {
    Incomplete,
    Infeasible(Option<Arc<Conflict>>),
}

/// Places all of a gang, or nothing.
fn place_gang(work: &mut Work<'_>, gang: Gang) -> Result<(), Failed> {
    if !work.first().is_some_and(|member| is_complete(work.snapshot(), &member.job, gang)) {
        return Err(Failed::Incomplete);
    }
    if work.groups() > conflict::FEW_GROUPS
        && let Some(shortage) = shortage::find(&work.pes().collect::<Vec<_>>(), work.snapshot())
    {
        return Err(Failed::Infeasible(Some(Arc::new(shortage))));
    }
    greedy::place_gang(work);
    if work.left_over() > 0 {
        greedy::place(work);
        search::repair(work);
    }
    if work.left_over() > 0 {
        work.clear();
        return Err(Failed::Infeasible(conflict::find(work).map(Arc::new)));
    }
    better(work);
    Ok(())
}

fn outcome(work: &Work<'_>, waiting: &[Arc<Pe>], failed: &BTreeMap<usize, Failed>) -> Plan {
    let snapshot = work.snapshot();
    let mut placements = Vec::new();
    let mut unplaced = Vec::new();
    for (at, pe) in waiting.iter().enumerate() {
        match work.node_of(at) {
            Some(node) => placements.push(PlannedPe { pe: Arc::clone(pe), node }),
            None => unplaced.push(without_node(at, pe, snapshot, failed.get(&at))),
        }
    }
    // Sums that were added to and taken from in another order differ in their last digits.
    Plan { placements, unplaced, cost: (work.total() * 1e9).round() / 1e9 }
}

fn without_node(at: usize, pe: &Arc<Pe>, snapshot: &Snapshot, failed: Option<&Failed>) -> UnplacedPe {
    let everywhere = |reason| BTreeMap::from([(reason, snapshot.indexes().count())]);
    let (rejected, conflict) = match failed {
        Some(Failed::Incomplete) => (everywhere(Reason::GangIncomplete), None),
        Some(Failed::Infeasible(conflict)) => (everywhere(Reason::GangInfeasible), conflict.clone()),
        None => {
            let decision = Decision::new(pe, snapshot, Foresight::Pending);
            let mut rejected: BTreeMap<Reason, usize> = BTreeMap::new();
            for rejection in snapshot.indexes().filter_map(|index| decision.filter(index).err()) {
                *rejected.entry(rejection.reason()).or_default() += 1;
            }
            (rejected, None)
        }
    };
    UnplacedPe { at, pe: Arc::clone(pe), rejected, conflict }
}
