//! The rules, one a file, in the order of their reason codes.

mod colocation;
mod exlocation;
mod host_ports;
mod hosts;
mod isolation;
mod node_affinity;
mod pinned;
mod pool_exclusive;
mod pool_members;
mod pool_size;
mod resources;
mod restricted_tag;
mod schedulable;
mod taints;

use super::case::{Candidate, Case, Given};
use crate::model::Refusal;

/// A rule: `None` lets the node pass.
pub(super) type Rule = fn(&Case<'_>, &Given<'_>, Candidate<'_>) -> Option<Refusal>;

/// Every rule, in the order of `PLACEMENT.md` 5: the first that refuses gives the node its reason.
pub(super) const IN_ORDER: &[Rule] = &[
    schedulable::check,
    taints::check,
    node_affinity::check,
    restricted_tag::check,
    pool_members::check,
    pool_size::enough_qualify,
    pool_exclusive::check,
    pool_size::within_allocation,
    hosts::check,
    pinned::check,
    resources::check,
    host_ports::check,
    isolation::held,
    isolation::wanted,
    colocation::same_node,
    colocation::fits_whole,
    exlocation::check,
    exlocation::looks_ahead,
];

/// The rules that concern a PE and a node alone, whoever else is there.
pub(super) const OF_NODES: &[Rule] = &[
    schedulable::check,
    taints::check,
    node_affinity::check,
    restricted_tag::check,
    pool_members::check,
    hosts::check,
    resources::check,
    host_ports::check,
];

/// The rules that kube-scheduler's own filters keep as well: it asks about no node that one of them refuses.
pub(super) const OF_KUBE_SCHEDULER: &[Rule] =
    &[schedulable::check, taints::check, node_affinity::check, resources::check, host_ports::check];

/// The rules that hold for each member of a bucket, whoever goes first; what the bucket asks as a whole is not among
/// them.
pub(super) const OF_MEMBERS: &[Rule] = &[
    taints::check,
    node_affinity::check,
    restricted_tag::check,
    pool_members::check,
    pool_size::enough_qualify,
    pool_exclusive::check,
    pool_size::within_allocation,
    hosts::check,
    pinned::check,
    isolation::held,
    isolation::wanted,
    exlocation::check,
    exlocation::looks_ahead,
];
