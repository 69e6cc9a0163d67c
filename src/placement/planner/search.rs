//! Depth-first search through assignments: nodes for groups that are left over, and the cheapest assignment.

use super::assignment::Assignment;
use crate::state::NodeIndex;

/// Searches for an assignment that leaves fewer PEs without a node, or as many but later ones.
///
/// The search spends at most half of the budget, because a PE without any node would use up all of the budget.
pub(super) fn repair(assignment: &mut Assignment<'_>) {
    if assignment.left_over() == 0 {
        return;
    }
    let kept = assignment.steps().div_ceil(2);
    assignment.set_steps(assignment.steps() - kept);
    if assignment.spend_full_scan() {
        Search::new(assignment, Objective::MorePlaced).run();
    }
    assignment.set_steps(assignment.steps() + kept);
}

/// Searches for the cheapest assignment of the groups that are placed.
pub(super) fn optimise(assignment: &mut Assignment<'_>) {
    if assignment.spend_full_scan() {
        Search::new(assignment, Objective::Cheapest).run();
    }
}

/// True where these groups alone provably have no assignment.
pub(super) fn is_infeasible(assignment: &mut Assignment<'_>, groups: &[usize]) -> bool {
    assignment.spend_full_scan() && !all_placed(assignment, groups) && assignment.steps() > 0
}

/// True where the search finds an assignment of all these groups within the budget. No group is placed afterwards.
fn all_placed(assignment: &mut Assignment<'_>, groups: &[usize]) -> bool {
    let Some((group, rest)) = groups.split_first() else { return true };
    if !assignment.spend_scan() {
        return false;
    }
    for node in assignment.passing(*group) {
        if !assignment.spend_step() {
            return false;
        }
        if assignment.place(*group, node).is_ok() {
            let placed = all_placed(assignment, rest);
            assignment.displace(*group);
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
    assignment: &'w mut Assignment<'a>,
    aim: Objective,
    /// The groups in the order of assignment: groups with the fewest nodes first.
    order: Vec<usize>,
    best: Vec<Option<NodeIndex>>,
    left_over: usize,
    cost: f64,
}

impl<'w, 'a> Search<'w, 'a> {
    fn new(assignment: &'w mut Assignment<'a>, aim: Objective) -> Self {
        let (best, left_over, cost) = (assignment.assignment(), assignment.left_over(), assignment.total());
        assignment.clear();
        let takes_part = |group: &usize| aim == Objective::MorePlaced || best.get(*group).is_some_and(Option::is_some);
        let groups = (0..assignment.groups()).filter(takes_part);
        let mut order: Vec<(usize, usize)> = groups.map(|group| (assignment.passing(group).len(), group)).collect();
        order.sort_unstable();
        let order = order.into_iter().map(|(_, group)| group).collect();
        Self { assignment, aim, order, best, left_over, cost }
    }

    fn run(mut self) {
        self.descend(0, 0);
        let best = std::mem::take(&mut self.best);
        self.assignment.restore(&best);
    }

    /// Assigns the groups from `depth` on in every way that may be better than the best assignment; `without` is the number
    /// of PEs left over so far. False where the budget is spent, or no better assignment exists.
    fn descend(&mut self, depth: usize, without: usize) -> bool {
        let Some(group) = self.order.get(depth).copied() else {
            self.take_if_better(without);
            return self.aim == Objective::Cheapest || self.left_over > 0;
        };
        if !self.assignment.spend_scan() {
            return false;
        }
        for node in self.assignment.passing(group) {
            if self.aim == Objective::Cheapest
                && !self.is_cheaper(self.assignment.total() + self.assignment.marginal(group, node))
            {
                // The cheapest nodes come first.
                break;
            }
            if !self.assignment.spend_step() {
                return false;
            }
            if self.assignment.place(group, node).is_err() {
                continue;
            }
            let goes_on = self.descend(depth + 1, without);
            self.assignment.displace(group);
            if !goes_on {
                return false;
            }
        }
        let without = without + self.assignment.group(group).count();
        if self.aim == Objective::Cheapest || without > self.left_over {
            return true;
        }
        self.assignment.spend_step() && self.descend(depth + 1, without)
    }

    fn is_cheaper(&self, cost: f64) -> bool {
        cost < self.cost - GAIN
    }

    fn take_if_better(&mut self, without: usize) {
        let better = match self.aim {
            Objective::Cheapest => self.is_cheaper(self.assignment.total()),
            Objective::MorePlaced => {
                without < self.left_over || (without == self.left_over && self.leaves_later_ones())
            }
        };
        if better && self.assignment.is_reachable() {
            self.best = self.assignment.assignment();
            self.left_over = without;
            self.cost = self.assignment.total();
        }
    }

    /// True where the first PE that only one of both assignments places is placed by the current one.
    fn leaves_later_ones(&self) -> bool {
        let placed = |nodes: &[Option<NodeIndex>], group: usize| nodes.get(group).is_some_and(Option::is_some);
        let now = self.assignment.assignment();
        let differ = (0..self.assignment.groups()).filter(|group| placed(&now, *group) != placed(&self.best, *group));
        let first = differ.filter_map(|group| Some((self.assignment.first_of(group)?, group))).min();
        first.is_some_and(|(_, group)| placed(&now, group))
    }
}
