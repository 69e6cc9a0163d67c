//! Local search: moves one group at a time to a cheaper node.

use super::work::Work;
use crate::state::NodeIndex;

/// A smaller difference in cost is no gain.
const GAIN: f64 = 1e-9;
/// How many nodes are tried for a group beside the nodes of its traffic peers.
const TRIED: usize = 4;

/// Moves groups one at a time until no move lowers the cost, or the budget is spent.
pub(super) fn improve(work: &mut Work<'_>) {
    let is_contested = work.is_contested();
    let mut moved = true;
    while moved {
        moved = false;
        for group in 0..work.groups() {
            match move_one(work, group, is_contested) {
                Some(helped) => moved |= helped,
                None => return,
            }
        }
    }
}

/// True where the group moved; `None` where the budget is spent.
fn move_one(work: &mut Work<'_>, group: usize, is_contested: bool) -> Option<bool> {
    let Some(from) = work.node(group) else { return Some(false) };
    if !work.spend_step() {
        return None;
    }
    work.displace(group);
    let stay = work.marginal(group, from);
    let mut to: Vec<NodeIndex> = work.peers(group).into_iter().chain(work.attractive(group, TRIED)).collect();
    to.retain(|node| *node != from && work.marginal(group, *node) < stay - GAIN);
    to.sort_by(|one, other| work.marginal(group, *one).total_cmp(&work.marginal(group, *other)).then(one.cmp(other)));
    let moved = to.into_iter().any(|node| {
        let is_placed = work.place(group, node).is_ok();
        let goes_too_far = is_placed && is_contested && !work.is_reachable();
        if goes_too_far {
            work.displace(group);
        }
        is_placed && !goes_too_far
    });
    if !moved {
        // The group was on this node before.
        let back = work.place(group, from);
        debug_assert!(back.is_ok(), "{back:?}");
    }
    Some(moved)
}
