//! Depth-first search through assignments: nodes for groups that are left over, and the cheapest assignment.

use super::work::Work;
use crate::state::NodeIndex;

/// Searches for an assignment that leaves fewer PEs without a node, or as many but later ones.
///
/// The search spends at most half of the budget, because a PE without any node would use up all of the budget.
pub(super) fn repair(work: &mut Work<'_>) {
    if work.left_over() == 0 {
        return;
    }
    let kept = work.steps().div_ceil(2);
    work.set_steps(work.steps() - kept);
    if work.spend_full_scan() {
        Search::new(work, Objective::MorePlaced).run();
    }
    work.set_steps(work.steps() + kept);
}

/// Searches for the cheapest assignment of the groups that are placed.
pub(super) fn optimise(work: &mut Work<'_>) {
    if work.spend_full_scan() {
        Search::new(work, Objective::Cheapest).run();
    }
}

/// True where these groups alone provably have no assignment.
pub(super) fn is_infeasible(work: &mut Work<'_>, groups: &[usize]) -> bool {
    work.spend_full_scan() && !all_placed(work, groups) && work.steps() > 0
}

/// True where the search finds an assignment of all these groups within the budget. No group is placed afterwards.
fn all_placed(work: &mut Work<'_>, groups: &[usize]) -> bool {
    let Some((group, rest)) = groups.split_first() else { return true };
    if !work.spend_scan() {
        return false;
    }
    for node in work.passing(*group) {
        if !work.spend_step() {
            return false;
        }
        if work.place(*group, node).is_ok() {
            let placed = all_placed(work, rest);
            work.displace(*group);
            if placed {
                return true;
            }
        }
    }
    false
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Objective {
    /// As few PEs without a node as possible, and of these as late ones as possible.
    MorePlaced,
    /// The same PEs at the lowest cost.
    Cheapest,
}

/// A smaller difference in cost is no gain.
const GAIN: f64 = 1e-9;

struct Search<'w, 'a> {
    work: &'w mut Work<'a>,
    aim: Objective,
    /// The groups in the order of assignment: groups with the fewest nodes first.
    order: Vec<usize>,
    best: Vec<Option<NodeIndex>>,
    left_over: usize,
    cost: f64,
}

impl<'w, 'a> Search<'w, 'a> {
    fn new(work: &'w mut Work<'a>, aim: Objective) -> Self {
        let (best, left_over, cost) = (work.assignment(), work.left_over(), work.total());
        work.clear();
        let takes_part = |group: &usize| aim == Objective::MorePlaced || best.get(*group).is_some_and(Option::is_some);
        let groups = (0..work.groups()).filter(takes_part);
        let mut order: Vec<(usize, usize)> = groups.map(|group| (work.passing(group).len(), group)).collect();
        order.sort_unstable();
        let order = order.into_iter().map(|(_, group)| group).collect();
        Self { work, aim, order, best, left_over, cost }
    }

    fn run(mut self) {
        self.descend(0, 0);
        let best = std::mem::take(&mut self.best);
        self.work.restore(&best);
    }

    /// Assigns the groups from `depth` on in every way that may be better than the best assignment; `without` is the number
    /// of PEs left over so far. False where the budget is spent, or no better assignment exists.
    fn descend(&mut self, depth: usize, without: usize) -> bool {
        let Some(group) = self.order.get(depth).copied() else {
            self.take_if_better(without);
            return self.aim == Objective::Cheapest || self.left_over > 0;
        };
        if !self.work.spend_scan() {
            return false;
        }
        for node in self.work.passing(group) {
            if self.aim == Objective::Cheapest && !self.is_cheaper(self.work.total() + self.work.marginal(group, node))
            {
                // The cheapest nodes come first.
                break;
            }
            if !self.work.spend_step() {
                return false;
            }
            if self.work.place(group, node).is_err() {
                continue;
            }
            let goes_on = self.descend(depth + 1, without);
            self.work.displace(group);
            if !goes_on {
                return false;
            }
        }
        let without = without + self.work.group(group).count();
        if self.aim == Objective::Cheapest || without > self.left_over {
            return true;
        }
        self.work.spend_step() && self.descend(depth + 1, without)
    }

    fn is_cheaper(&self, cost: f64) -> bool {
        cost < self.cost - GAIN
    }

    fn take_if_better(&mut self, without: usize) {
        let better = match self.aim {
            Objective::Cheapest => self.is_cheaper(self.work.total()),
            Objective::MorePlaced => {
                without < self.left_over || (without == self.left_over && self.leaves_later_ones())
            }
        };
        if better && self.work.is_reachable() {
            self.best = self.work.assignment();
            self.left_over = without;
            self.cost = self.work.total();
        }
    }

    /// True where the first PE that only one of both assignments places is placed by the current one.
    fn leaves_later_ones(&self) -> bool {
        let placed = |nodes: &[Option<NodeIndex>], group: usize| nodes.get(group).is_some_and(Option::is_some);
        let now = self.work.assignment();
        let differ = (0..self.work.groups()).filter(|group| placed(&now, *group) != placed(&self.best, *group));
        let first = differ.filter_map(|group| Some((self.work.first_of(group)?, group))).min();
        first.is_some_and(|(_, group)| placed(&now, group))
    }
}
