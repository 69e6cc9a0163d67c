//! The status of a `HostPool`: its nodes, and the jobs that use them.

use super::Overview;
use super::overview::count;
use crate::api::{AllocationStatus, HostPool, HostPoolStatus, InvalidHostPool};
use crate::model::{JobId, Node, Pool};
use crate::placement::qualifies;

/// The status of a pool.
///
/// # Errors
/// [`InvalidHostPool`] for a pool whose spec is invalid.
pub fn pool_status(object: &HostPool, overview: &Overview<'_>) -> Result<HostPoolStatus, InvalidHostPool> {
    let pool = Pool::try_from(object)?;
    let qualifying: Vec<&Node> =
        overview.snapshot.nodes().map(|(_, _, node)| node).filter(|node| qualifies(&pool.members, node)).collect();
    let allocations: Vec<AllocationStatus> = overview
        .allocations(&pool.id)
        .map(|(job, used)| AllocationStatus {
            job: job_name(job),
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

/// Name and generation of a job within its namespace.
fn job_name(job: &JobId) -> String {
    if job.generation.is_empty() { job.name.to_string() } else { format!("{}#{}", job.name, job.generation) }
}

#[cfg(test)]
#[path = "tests/pool.rs"]
mod tests;
