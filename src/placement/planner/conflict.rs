//! What cannot be met together: the PEs and rules of a gang that has no assignment.

use std::collections::BTreeMap;
use std::fmt;

use super::greedy;
use super::search;
use super::work::Work;
use crate::model::{Reason, Rejection};
use crate::state::NodeIndex;

/// Why a gang has no assignment: PEs and rules of which none can be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The names of the PEs.
    pub pes: Vec<String>,
    /// The rules that they cannot meet together, each with an example of what it refuses; none where the search was
    /// given up before it was certain.
    pub rules: BTreeMap<Reason, Rejection>,
}

/// How many looks each question may take.
const STEPS: usize = 2_000;
/// Of larger gangs only the rules are looked for, not the PEs.
pub(super) const FEW_GROUPS: usize = 32;
/// So many PEs are named in a text.
const NAMED: usize = 16;

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (named, others) = self.pes.split_at_checked(NAMED).unwrap_or((&self.pes, &[]));
        write!(f, "no nodes for {}", named.join(", "))?;
        if !others.is_empty() {
            write!(f, " and {} more PEs", others.len())?;
        }
        write!(f, " together")?;
        for (number, rejection) in self.rules.values().enumerate() {
            write!(f, "{}{rejection}", if number == 0 { ": " } else { "; " })?;
        }
        Ok(())
    }
}

/// Looks for the smallest conflict by leaving out one PE, then one rule after another (a deletion filter). `None` where
/// it is not certain that there is one.
pub(super) fn find(work: &mut Work<'_>) -> Option<Conflict> {
    let left = work.steps();
    let found = search_conflict(work);
    work.relax(&[]);
    work.clear();
    work.allow(left);
    found
}

fn search_conflict(work: &mut Work<'_>) -> Option<Conflict> {
    let mut members: Vec<usize> = (0..work.groups()).collect();
    if !has_none(work, &members) {
        return None;
    }
    if members.len() <= FEW_GROUPS {
        for group in members.clone() {
            let without: Vec<usize> = members.iter().copied().filter(|member| *member != group).collect();
            if has_none(work, &without) {
                members = without;
            }
        }
    }
    let mut relaxed = Vec::new();
    let mut rules = BTreeMap::new();
    let rejections = rejections(work, &members);
    for (reason, rejection) in rejections {
        relaxed.push(reason);
        work.relax(&relaxed);
        if !has_none(work, &members) {
            relaxed.pop();
            rules.insert(reason, rejection);
        }
    }
    let name = |group: &usize| work.group(*group).map(|pe| pe.name.to_string()).collect::<Vec<String>>();
    Some(Conflict { pes: members.iter().flat_map(name).collect(), rules })
}

/// True when it is certain that these groups have no assignment.
fn has_none(work: &mut Work<'_>, members: &[usize]) -> bool {
    work.clear();
    work.allow(STEPS);
    search::is_infeasible(work, members)
}

/// An example of each refusal that the groups meet: alone, and once others are placed.
fn rejections(work: &mut Work<'_>, members: &[usize]) -> BTreeMap<Reason, Rejection> {
    work.clear();
    let nodes: Vec<NodeIndex> = work.snapshot().indexes().collect();
    let mut rejections = BTreeMap::new();
    let mut look = |work: &Work<'_>| {
        for group in members.iter().filter(|group| work.node(**group).is_none()) {
            for rejection in nodes.iter().filter_map(|node| work.rejection(*group, *node)) {
                rejections.entry(rejection.reason()).or_insert(rejection);
            }
        }
    };
    look(work);
    greedy::place(work);
    look(work);
    rejections
}
