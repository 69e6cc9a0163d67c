//! Local search: moves one group at a time to a cheaper node.

use super::assignment::Assignment;
use crate::state::NodeIndex;

/// A smaller difference in cost is no gain.
const GAIN: f64 = 1e-9;
/// How many nodes are tried for a group beside the nodes of its traffic peers.
const TRIED: usize = 4;

/// Moves groups one at a time until no move lowers the cost, or the budget is spent.
pub(super) fn improve(assignment: &mut Assignment<'_>) {
    let is_contested = assignment.is_contested();
    let mut moved = true;
    while moved {
        moved = false;
        for group in 0..assignment.groups() {
            match move_one(assignment, group, is_contested) {
                Some(helped) => moved |= helped,
                None => return,
            }
        }
    }
}

/// True where the group moved; `None` where the budget is spent.
fn move_one(assignment: &mut Assignment<'_>, group: usize, is_contested: bool) -> Option<bool> {
    let Some(from) = assignment.node(group) else { return Some(false) };
    if !assignment.spend_step() {
        return None;
    }
    assignment.displace(group);
    let stay = assignment.marginal(group, from);
    let mut to: Vec<NodeIndex> =
        assignment.peers(group).into_iter().chain(assignment.attractive(group, TRIED)).collect();
    to.retain(|node| *node != from && assignment.marginal(group, *node) < stay - GAIN);
    to.sort_by(|one, other| {
        assignment.marginal(group, *one).total_cmp(&assignment.marginal(group, *other)).then(one.cmp(other))
    });
    let moved = to.into_iter().any(|node| {
        let is_placed = assignment.place(group, node).is_ok();
        let goes_too_far = is_placed && is_contested && !assignment.is_reachable();
        if goes_too_far {
            assignment.displace(group);
        }
        is_placed && !goes_too_far
    });
    if !moved {
        // The group was on this node before.
        let back = assignment.place(group, from);
        debug_assert!(back.is_ok(), "{back:?}");
    }
    Some(moved)
}
