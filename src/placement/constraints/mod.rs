//! The rules, one a file, in the order of their reason codes.

mod colocation;
mod exlocation;
mod host_ports;
mod hosts;
mod isolation;
mod load;
mod node_affinity;
mod pinned;
pub(super) mod pool_exclusive;
mod pool_members;
mod pool_size;
mod resources;
mod restricted_tag;
mod schedulable;
mod taints;

use super::case::{Candidate, Case, Given};
use crate::model::{PlacementSpec, Rejection};

/// A rule.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// What it says of a node: `None` lets the node pass.
    pub(super) check: fn(&Case<'_>, &Given<'_>, Candidate<'_>) -> Option<Rejection>,
    /// False where it refuses no node to a PE, whatever the node is like.
    concerns: fn(&Case<'_>, &Given<'_>) -> bool,
    /// Whether it concerns the PE and the node alone, whoever else is there.
    pub(super) is_of_node: bool,
    /// Whether kube-scheduler's own filters keep it as well: it asks about no node that such a rule refuses.
    pub(super) is_of_kube_scheduler: bool,
    /// `Some` where it holds for each member of a bucket, whoever goes first: whether it says of one member what it
    /// has said of the other. `None` where it is asked of the bucket as a whole.
    of_members: Option<fn(&Case<'_>, &Case<'_>) -> bool>,
}

/// Every rule, in the order of `PLACEMENT.md` 5: the first that refuses gives the node its reason.
const IN_ORDER: &[Rule] = &[
    Rule::new(schedulable::check).of_node().of_kube_scheduler(),
    Rule::new(taints::check).of_node().of_kube_scheduler().of_members(same_node_requirements),
    Rule::new(node_affinity::check)
        .when(node_affinity::concerns)
        .of_node()
        .of_kube_scheduler()
        .of_members(same_node_requirements),
    Rule::new(restricted_tag::check).of_node().of_members(same_pool),
    Rule::new(pool_members::check).when(pool_members::concerns).of_node().of_members(same_pool),
    Rule::new(pool_size::enough_qualify).when(pool_size::is_unchosen).of_members(same_pool),
    Rule::new(pool_exclusive::check).of_members(same_pool),
    Rule::new(pool_size::within_allocation).when(pool_size::is_sized).of_members(same_pool),
    Rule::new(hosts::check).when(hosts::concerns).of_node().of_members(same_hosts),
    Rule::new(pinned::check).when(pinned::concerns).of_members(never),
    Rule::new(resources::check).of_node().of_kube_scheduler(),
    Rule::new(host_ports::check).when(host_ports::concerns).of_node().of_kube_scheduler(),
    Rule::new(isolation::held).of_members(always),
    Rule::new(isolation::wanted).when(isolation::is_wanted).of_members(same_isolation),
    Rule::new(colocation::same_node).when(colocation::is_anchored),
    Rule::new(colocation::fits_whole).when(colocation::is_whole),
    Rule::new(exlocation::check).when(exlocation::concerns).of_members(same_exlocation),
    Rule::new(exlocation::looks_ahead).when(exlocation::is_scarce).of_members(never),
    Rule::new(load::check).when(load::concerns).of_node().of_members(always),
];

impl Rule {
    const fn new(check: fn(&Case<'_>, &Given<'_>, Candidate<'_>) -> Option<Rejection>) -> Self {
        Self { check, concerns: everybody, is_of_node: false, is_of_kube_scheduler: false, of_members: None }
    }

    const fn when(self, concerns: fn(&Case<'_>, &Given<'_>) -> bool) -> Self {
        Self { concerns, ..self }
    }

    const fn of_node(self) -> Self {
        Self { is_of_node: true, ..self }
    }

    const fn of_kube_scheduler(self) -> Self {
        Self { is_of_kube_scheduler: true, ..self }
    }

    const fn of_members(self, same: fn(&Case<'_>, &Case<'_>) -> bool) -> Self {
        Self { of_members: Some(same), ..self }
    }
}

/// Some of the rules: as bits, by their places in the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rules(u32);

// A rule without a bit would never be asked.
const _: () = assert!(IN_ORDER.len() <= 32, "there are more rules than bits");

impl Rules {
    /// Those that can refuse a node to a PE.
    pub(super) fn concerning(case: &Case<'_>) -> Self {
        let Ok(given) = &case.given else { return Self::default() };
        Self::such(|rule| (rule.concerns)(case, given))
    }

    /// Of those that concern a member of the bucket of a PE, the ones that can say something else than of the PE.
    pub(super) fn of_member(member: &Case<'_>, pe: &Case<'_>) -> Self {
        let differs = |rule: &Rule| rule.of_members.is_some_and(|same| !same(pe, member));
        Self(member.rules.0 & Self::such(differs).0)
    }

    /// True where there is none.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In their order.
    pub(super) fn iter(self) -> impl Iterator<Item = &'static Rule> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            IN_ORDER.get(usize::try_from(next).ok()?)
        })
    }

    fn such(is_meant: impl Fn(&Rule) -> bool) -> Self {
        Self(IN_ORDER.iter().rev().fold(0, |bits, rule| bits << 1 | u32::from(is_meant(rule))))
    }
}

fn everybody(_: &Case<'_>, _: &Given<'_>) -> bool {
    true
}

fn always(_: &Case<'_>, _: &Case<'_>) -> bool {
    true
}

fn never(_: &Case<'_>, _: &Case<'_>) -> bool {
    false
}

fn same_node_requirements(one: &Case<'_>, other: &Case<'_>) -> bool {
    one.pe.pod.node_requirements == other.pe.pod.node_requirements
}

fn same_pool(one: &Case<'_>, other: &Case<'_>) -> bool {
    same(one, other, |spec| (&spec.hosts, spec.pool_index, spec.exclusive_scope))
}

fn same_hosts(one: &Case<'_>, other: &Case<'_>) -> bool {
    same(one, other, |spec| &spec.only)
}

fn same_isolation(one: &Case<'_>, other: &Case<'_>) -> bool {
    same(one, other, |spec| spec.isolation)
}

fn same_exlocation(one: &Case<'_>, other: &Case<'_>) -> bool {
    same(one, other, |spec| &spec.exlocation)
}

fn same<'a, T: PartialEq>(one: &'a Case<'_>, other: &'a Case<'_>, of: impl Fn(&'a PlacementSpec) -> T) -> bool {
    matches!((&one.pe.spec, &other.pe.spec), (Ok(one), Ok(other)) if of(one) == of(other))
}

#[cfg(test)]
mod tests;
