//! Depth first through assignments: nodes for groups that were left over, and the cheapest assignment of a few groups.

use super::work::Work;
use crate::state::NodeIndex;

/// Looks for an assignment that leaves fewer PEs without a node, or of as many the later ones.
///
/// Takes half of the budget at most: where a PE has no node at all, the search for one would use up all of it.
pub(super) fn repair(work: &mut Work<'_>) {
    if work.left_over() == 0 {
        return;
    }
    let kept = work.steps().div_ceil(2);
    work.allow(work.steps() - kept);
    if work.survey() {
        Search::new(work, Aim::MorePlaced).run();
    }
    work.allow(work.steps() + kept);
}

/// Looks for the cheapest assignment of the groups that are placed.
pub(super) fn optimise(work: &mut Work<'_>) {
    if work.survey() {
        Search::new(work, Aim::Cheapest).run();
    }
}

/// True when it is certain that these groups, and nothing else, cannot all be placed.
pub(super) fn is_infeasible(work: &mut Work<'_>, groups: &[usize]) -> bool {
    work.survey() && !all_placed(work, groups) && work.steps() > 0
}

/// Places all of these groups if the budget suffices to find out how; afterwards none is placed.
fn all_placed(work: &mut Work<'_>, groups: &[usize]) -> bool {
    let Some((group, rest)) = groups.split_first() else { return true };
    if !work.look() {
        return false;
    }
    for node in work.passing(*group) {
        if !work.step() {
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
enum Aim {
    /// As few PEs without a node as possible, and of these as late ones as possible.
    MorePlaced,
    /// The same PEs, for less.
    Cheapest,
}

/// Less than this is no gain.
const GAIN: f64 = 1e-9;

struct Search<'w, 'a> {
    work: &'w mut Work<'a>,
    aim: Aim,
    /// Groups in the order in which they are assigned: those with the fewest nodes first.
    order: Vec<usize>,
    best: Vec<Option<NodeIndex>>,
    left_over: usize,
    cost: f64,
}

impl<'w, 'a> Search<'w, 'a> {
    fn new(work: &'w mut Work<'a>, aim: Aim) -> Self {
        let (best, left_over, cost) = (work.assignment(), work.left_over(), work.total());
        work.clear();
        let takes_part = |group: &usize| aim == Aim::MorePlaced || best.get(*group).is_some_and(Option::is_some);
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

    /// Assigns the groups from `depth` on, in every way that may be better than the best; `without` PEs have been left
    /// over so far. False when the budget is spent, or nothing better can be found.
    fn descend(&mut self, depth: usize, without: usize) -> bool {
        let Some(group) = self.order.get(depth).copied() else {
            self.take_if_better(without);
            return self.aim == Aim::Cheapest || self.left_over > 0;
        };
        if !self.work.look() {
            return false;
        }
        for node in self.work.passing(group) {
            if self.aim == Aim::Cheapest && !self.is_cheaper(self.work.total() + self.work.marginal(group, node)) {
                // The cheapest come first.
                break;
            }
            if !self.work.step() {
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
        if self.aim == Aim::Cheapest || without > self.left_over {
            return true;
        }
        self.work.step() && self.descend(depth + 1, without)
    }

    fn is_cheaper(&self, cost: f64) -> bool {
        cost < self.cost - GAIN
    }

    fn take_if_better(&mut self, without: usize) {
        let better = match self.aim {
            Aim::Cheapest => self.is_cheaper(self.work.total()),
            Aim::MorePlaced => without < self.left_over || (without == self.left_over && self.leaves_later_ones()),
        };
        if better && self.work.is_reachable() {
            self.best = self.work.assignment();
            self.left_over = without;
            self.cost = self.work.total();
        }
    }

    /// Whether the first PE that either has left over and the other has not is one that the best leaves over.
    fn leaves_later_ones(&self) -> bool {
        let placed = |nodes: &[Option<NodeIndex>], group: usize| nodes.get(group).is_some_and(Option::is_some);
        let now = self.work.assignment();
        let differ = (0..self.work.groups()).filter(|group| placed(&now, *group) != placed(&self.best, *group));
        let first = differ.filter_map(|group| Some((self.work.first_of(group)?, group))).min();
        first.is_some_and(|(_, group)| placed(&now, group))
    }
}
