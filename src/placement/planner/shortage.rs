//! A quick proof that a gang has no assignment: more PEs share an exlocation token than nodes pass for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::lookahead::look_ahead::FeasibleNodes;
use super::super::lookahead::matching::Matching;
use super::conflict::Conflict;
use crate::model::{Pe, Reason, Rejection, Token};
use crate::state::Snapshot;

/// Finds pending PEs that must not share a node, and for which fewer nodes pass than there are PEs (P. Hall 1935: a maximum
/// matching leaves a PE over exactly where such PEs exist).
///
/// Nodes are filtered with no PE of the gang placed: placing PEs never makes a rejected node pass.
pub(super) fn find(pes: &[&Arc<Pe>], snapshot: &Snapshot) -> Option<Conflict> {
    let mut groups: BTreeMap<&Token, Vec<&Arc<Pe>>> = BTreeMap::new();
    for pe in pes.iter().copied() {
        for token in pe.spec.iter().flat_map(|spec| &spec.exlocation) {
            groups.entry(token).or_default().push(pe);
        }
    }
    groups.into_iter().filter(|(_, group)| group.len() > 1).find_map(|(token, group)| shortage(token, &group, snapshot))
}

fn shortage(token: &Token, group: &[&Arc<Pe>], snapshot: &Snapshot) -> Option<Conflict> {
    let members: Vec<usize> = (0..group.len()).collect();
    let (places, nodes) = FeasibleNodes::new(group, snapshot).places(&members);
    let matching = Matching::new(&places, nodes.len());
    let left_over = matching.place_of.iter().position(Option::is_none)?;
    let competing = competing_members(&places, &matching, left_over);
    let pes = competing.iter().filter_map(|member| group.get(*member)).map(|pe| pe.name.to_string()).collect();
    let rejection = Rejection::ExlocationInfeasible(token.clone());
    Some(Conflict { pes, rules: BTreeMap::from([(Reason::ExlocationInfeasible, rejection)]) })
}

/// The members that compete for the same places as a member that is left over: one more than there are such places.
fn competing_members(places: &[Arc<[usize]>], matching: &Matching, left_over: usize) -> BTreeSet<usize> {
    let mut holder_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (member, place) in matching.place_of.iter().enumerate() {
        holder_of.extend(place.map(|place| (place, member)));
    }
    let mut competing = BTreeSet::from([left_over]);
    let mut open = vec![left_over];
    while let Some(member) = open.pop() {
        for place in places.get(member).iter().flat_map(|places| places.iter()) {
            // Each holder is found once: the place is taken out.
            if let Some(holder) = holder_of.remove(place)
                && competing.insert(holder)
            {
                open.push(holder);
            }
        }
    }
    competing
}

#[cfg(test)]
#[path = "tests/shortage.rs"]
mod tests;
