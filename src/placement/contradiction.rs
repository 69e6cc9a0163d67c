//! Wishes that no node can meet: within a PE, with its pool, or within its bucket (legacy rule C9).

use super::bucket::Bucket;
use crate::model::{Pe, Pool, Refusal, Wishes};

/// Checks the wishes of a PE against each other, its pool and the other members of its bucket.
pub(super) fn check(wishes: &Wishes, pool: Option<&Pool>, bucket: &Bucket) -> Result<(), Refusal> {
    let problem = index_beyond_pool(wishes, pool)
        .or_else(|| bucket.others.iter().find_map(|other| between(wishes, other)))
        .or_else(|| among(bucket));
    problem.map_or(Ok(()), |problem| Err(Refusal::InvalidPlacement(problem.into())))
}

fn index_beyond_pool(wishes: &Wishes, pool: Option<&Pool>) -> Option<String> {
    let (id, index) = wishes.pool_place()?;
    match pool?.mode.size() {
        None => Some(format!("pool-index {index}: HostPool `{id}` has no size, so that its nodes have no numbers")),
        Some(size) if usize::try_from(index).is_ok_and(|index| index < size) => None,
        Some(size) => {
            Some(format!("pool-index {index}: HostPool `{id}` has size {size}; the last node is {}", size - 1))
        }
    }
}

/// What keeps two members of a bucket from sharing a node.
fn between(wishes: &Wishes, other: &Pe) -> Option<String> {
    let clash = wishes.clash(other.wishes.as_ref().ok()?)?;
    Some(clash.within_bucket(&other.name))
}

/// What keeps two of the others from sharing a node.
fn among(bucket: &Bucket) -> Option<String> {
    let (names, wishes): (Vec<&str>, Vec<&Wishes>) =
        bucket.others.iter().filter_map(|other| Some((&*other.name, other.wishes.as_deref().ok()?))).unzip();
    let (_, later, clash) = Wishes::first_clash(&wishes)?;
    Some(clash.within_bucket(names.get(later)?))
}
