//! What there is of a pool, and who uses it.

use super::{Overview, count};
use crate::api::{AllocationStatus, HostPool, HostPoolStatus, InvalidHostPool};
use crate::model::{JobId, Node, Pool};
use crate::placement::qualifies;

/// The status of a pool.
///
/// # Errors
/// [`InvalidHostPool`] for a pool that nothing can be said of.
pub fn of_pool(object: &HostPool, overview: &Overview<'_>) -> Result<HostPoolStatus, InvalidHostPool> {
    let pool = Pool::try_from(object)?;
    let qualifying: Vec<&Node> =
        overview.snapshot.nodes().map(|(_, _, node)| node).filter(|node| qualifies(&pool.members, node)).collect();
    let allocations: Vec<AllocationStatus> = overview
        .of_pool(&pool.id)
        .map(|(job, used)| AllocationStatus {
            job: name_of(job),
            pes: count(used.pes),
            nodes: used.nodes.iter().map(ToString::to_string).collect(),
        })
        .collect();
    Ok(HostPoolStatus {
        nodes: count(qualifying.len()),
        schedulable: count(qualifying.iter().filter(|node| node.schedulable).count()),
        jobs: count(allocations.len()),
        allocations,
        observed_generation: object.metadata.generation,
    })
}

/// A job within its namespace.
fn name_of(job: &JobId) -> String {
    if job.generation.is_empty() { job.name.to_string() } else { format!("{}#{}", job.name, job.generation) }
}
