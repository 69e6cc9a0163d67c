//! Conflicts: the PEs and rules for which a gang has no assignment.

use std::collections::BTreeMap;
use std::fmt;

use super::assignment::Assignment;
use super::greedy;
use super::search;
use crate::model::{Reason, Rejection};
use crate::state::NodeIndex;

/// The reason why a gang has no assignment: a minimal set of PEs and rules that conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The names of the PEs.
    pub pes: Vec<String>,
    /// The rules that conflict, each with an example of a rejection; empty where the search ended before a minimal set was
    /// certain.
    pub rules: BTreeMap<Reason, Rejection>,
}

/// The budget in steps of each search for an assignment.
const STEPS: usize = 2_000;
/// For larger gangs only the rules are minimised, not the PEs.
pub(super) const FEW_GROUPS: usize = 32;
/// How many PEs a message names.
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

/// Searches for a minimal conflict by leaving out one PE after another, then one rule after another (a deletion filter).
/// `None` where the search cannot prove that there is no assignment.
pub(super) fn find(assignment: &mut Assignment<'_>) -> Option<Conflict> {
    let left = assignment.steps();
    let found = search_conflict(assignment);
    assignment.relax(&[]);
    assignment.clear();
    assignment.set_steps(left);
    found
}

fn search_conflict(assignment: &mut Assignment<'_>) -> Option<Conflict> {
    let mut members: Vec<usize> = (0..assignment.groups()).collect();
    if !is_infeasible(assignment, &members) {
        return None;
    }
    if members.len() <= FEW_GROUPS {
        for group in members.clone() {
            let without: Vec<usize> = members.iter().copied().filter(|member| *member != group).collect();
            if is_infeasible(assignment, &without) {
                members = without;
            }
        }
    }
    let mut relaxed = Vec::new();
    let mut rules = BTreeMap::new();
    let rejections = example_rejections(assignment, &members);
    for (reason, rejection) in rejections {
        relaxed.push(reason);
        assignment.relax(&relaxed);
        if !is_infeasible(assignment, &members) {
            relaxed.pop();
            rules.insert(reason, rejection);
        }
    }
    let name = |group: &usize| assignment.group(*group).map(|pe| pe.name.to_string()).collect::<Vec<String>>();
    Some(Conflict { pes: members.iter().flat_map(name).collect(), rules })
}

/// True where these groups provably have no assignment.
fn is_infeasible(assignment: &mut Assignment<'_>, members: &[usize]) -> bool {
    assignment.clear();
    assignment.set_steps(STEPS);
    search::is_infeasible(assignment, members)
}

/// An example of each rejection of the groups: with no group placed, and with as many groups placed as greedily possible.
fn example_rejections(assignment: &mut Assignment<'_>, members: &[usize]) -> BTreeMap<Reason, Rejection> {
    assignment.clear();
    let nodes: Vec<NodeIndex> = assignment.snapshot().indexes().collect();
    let mut rejections = BTreeMap::new();
    let mut collect = |assignment: &Assignment<'_>| {
        for group in members.iter().filter(|group| assignment.node(**group).is_none()) {
            for rejection in nodes.iter().filter_map(|node| assignment.rejection(*group, *node)) {
                rejections.entry(rejection.reason()).or_insert(rejection);
            }
        }
    };
    collect(assignment);
    greedy::place(assignment);
    collect(assignment);
    rejections
}
