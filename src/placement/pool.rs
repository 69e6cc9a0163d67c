//! Pools and tags: the nodes that qualify for a pool, and the nodes that restricting tags close to a PE.

use crate::model::{HostChoice, Node, NodeTags, PlacementSpec, Pool, PoolMembers, Tag};
use crate::state::Snapshot;

/// True where a node qualifies for a pool. A node needs all tags of the pool (legacy rule R2).
pub(crate) fn qualifies(members: &PoolMembers, node: &Node) -> bool {
    match members {
        PoolMembers::Tagged(tags) => tags.iter().all(|tag| node.labels.tags().has(tag)),
        PoolMembers::Hosts(hosts) => hosts.iter().any(|host| node.answers_to(host)),
    }
}

/// How many nodes qualify for a pool and are schedulable. Nodes in use count too.
pub(super) fn count_qualifying(pool: &Pool, snapshot: &Snapshot) -> usize {
    let requested: &[Tag] = match &pool.members {
        PoolMembers::Tagged(tags) => tags,
        PoolMembers::Hosts(_) => &[],
    };
    let is_usable = |node: &Node| node.schedulable && closing_tag(requested, node.labels.tags()).is_none();
    snapshot.nodes().filter(|(_, _, node)| qualifies(&pool.members, node) && is_usable(node)).count()
}

/// The tags that a PE requests by its pool or its `host-tags`. A requested tag opens nodes with the same restricting tag.
pub(super) fn requested_tags<'a>(spec: &'a PlacementSpec, pool: Option<&'a Pool>) -> &'a [Tag] {
    match (&spec.hosts, pool.map(|pool| &pool.members)) {
        (HostChoice::Tags(tags), _) | (_, Some(PoolMembers::Tagged(tags))) => tags,
        (HostChoice::Any | HostChoice::Pool(_), _) => &[],
    }
}

/// The first restricting tag of a node that a PE does not request.
pub(super) fn closing_tag<'a>(requested: &[Tag], tags: &'a NodeTags) -> Option<&'a Tag> {
    tags.restricting().iter().find(|restricting| !requested.contains(restricting))
}
