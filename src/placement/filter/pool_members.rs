//! `PoolTagMissing` and `NotInPool`: the node does not belong to the PE's pool (legacy filter F5).
//!
//! Tags are conjunctive: a node needs all of them (legacy rule R2).

use super::super::pool::qualifies;
use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::{HostChoice, NodeTags, PoolMembers, Rejection, Tag};

/// The PE names a pool or tags.
pub(super) fn applies(state: &PreFilterState) -> bool {
    state.spec.hosts != HostChoice::Any
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    match (&state.spec.hosts, state.pool.as_ref().map(|pool| &pool.members)) {
        (HostChoice::Tags(tags), _) | (_, Some(PoolMembers::Tagged(tags))) => first_missing(tags, &node.info.tags),
        (_, Some(members @ PoolMembers::Hosts(_))) => {
            (!qualifies(members, node.node())).then_some(Rejection::NotInPool)
        }
        (HostChoice::Any | HostChoice::Pool(_), None) => None,
    }
}

fn first_missing(tags: &[Tag], node_tags: &NodeTags) -> Option<Rejection> {
    tags.iter().find(|tag| !node_tags.has(tag)).map(|tag| Rejection::PoolTagMissing(tag.clone()))
}
