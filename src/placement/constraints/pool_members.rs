//! `PoolTagMissing` and `NotInPool`: the node does not belong to the PE's pool (legacy filter F5).
//!
//! Tags are conjunctive: a node needs all of them (legacy rule R2).

use super::super::case::{Candidate, Case, Given, qualifies};
use crate::model::{HostChoice, NodeTags, PoolMembers, Rejection, Tag};

pub(super) fn concerns(_: &Case<'_>, given: &Given<'_>) -> bool {
    given.spec.hosts != HostChoice::Any
}

pub(super) fn check(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    match (&given.spec.hosts, given.pool.map(|pool| &pool.members)) {
        (HostChoice::Tags(tags), _) | (_, Some(PoolMembers::Tagged(tags))) => first_missing(tags, &candidate.info.tags),
        (_, Some(members @ PoolMembers::Hosts(_))) => {
            (!qualifies(members, candidate.node())).then_some(Rejection::NotInPool)
        }
        (HostChoice::Any | HostChoice::Pool(_), None) => None,
    }
}

fn first_missing(tags: &[Tag], of_node: &NodeTags) -> Option<Rejection> {
    tags.iter().find(|tag| !of_node.has(tag)).map(|tag| Rejection::PoolTagMissing(tag.clone()))
}
