//! Placement specs that no node can meet: within a PE, with its pool, or within its bucket (legacy rule C9).

use super::bucket_members::BucketMembers;
use super::colocation::{conflict_between, first_conflict};
use crate::model::{Pe, PlacementSpec, Pool, Rejection};

/// Checks the wishes of a PE against each other, its pool and the other members of its bucket.
pub(super) fn check(spec: &PlacementSpec, pool: Option<&Pool>, bucket: &BucketMembers) -> Result<(), Rejection> {
    let problem = index_beyond_pool(spec, pool)
        .or_else(|| bucket.others.iter().find_map(|other| between(spec, other)))
        .or_else(|| among(bucket));
    problem.map_or(Ok(()), |problem| Err(Rejection::InvalidPlacement(problem.into())))
}

fn index_beyond_pool(spec: &PlacementSpec, pool: Option<&Pool>) -> Option<String> {
    let (id, index) = spec.pool_place()?;
    match pool?.mode.size() {
        None => Some(format!("pool-index {index}: HostPool `{id}` has no size, so that its nodes have no numbers")),
        Some(size) if usize::try_from(index).is_ok_and(|index| index < size) => None,
        Some(size) => {
            Some(format!("pool-index {index}: HostPool `{id}` has size {size}; the last node is {}", size - 1))
        }
    }
}

/// What keeps two members of a bucket from sharing a node.
fn between(spec: &PlacementSpec, other: &Pe) -> Option<String> {
    let conflict = conflict_between(spec, other.spec.as_ref().ok()?)?;
    Some(conflict.within_bucket(&other.name))
}

/// What keeps two of the others from sharing a node.
fn among(bucket: &BucketMembers) -> Option<String> {
    let (names, spec): (Vec<&str>, Vec<&PlacementSpec>) =
        bucket.others.iter().filter_map(|other| Some((&*other.name, other.spec.as_deref().ok()?))).unzip();
    let (_, later, conflict) = first_conflict(&spec)?;
    Some(conflict.within_bucket(names.get(later)?))
}
