//! Validates a placement spec against the pool and the bucket of its PE (legacy rule C9).

use super::bucket_members::BucketMembers;
use super::colocation::{conflict_between, first_conflict};
use crate::model::{Pe, PlacementSpec, Pool, Rejection};

/// Validates the placement spec of a PE.
///
/// # Errors
/// [`Rejection::InvalidPlacement`] where no node can meet the spec.
pub(super) fn validate(spec: &PlacementSpec, pool: Option<&Pool>, bucket: &BucketMembers) -> Result<(), Rejection> {
    let problem = index_beyond_pool(spec, pool)
        .or_else(|| bucket.others.iter().find_map(|other| conflict_with(spec, other)))
        .or_else(|| conflict_among_others(bucket));
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

/// The conflict of a PE with another member of its bucket.
fn conflict_with(spec: &PlacementSpec, other: &Pe) -> Option<String> {
    let conflict = conflict_between(spec, other.spec.as_ref().ok()?)?;
    Some(conflict.within_bucket(&other.name))
}

/// The first conflict between two other members.
fn conflict_among_others(bucket: &BucketMembers) -> Option<String> {
    let (names, specs): (Vec<&str>, Vec<&PlacementSpec>) =
        bucket.others.iter().filter_map(|other| Some((&*other.name, other.spec.as_deref().ok()?))).unzip();
    let (_, later, conflict) = first_conflict(&specs)?;
    Some(conflict.within_bucket(names.get(later)?))
}
