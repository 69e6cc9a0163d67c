//! What is told of pools and jobs: from a snapshot to the status of `HostPool` and `StreamJob`, and to events.
//!
//! All of it is derived from nodes and pods, so that a status that was lost is written again as it was. Only what no pod
//! tells any more is taken over from the last status: where PEs without a pod have been, and why a PE waits that nobody
//! has asked about since.

mod job;
mod job_event;
mod overview;
mod pool;

pub use job::{Reported, of_job};
pub use job_event::{JobEvent, Subject, notes};
pub use overview::Overview;
pub use pool::of_pool;

/// A count as the API has it.
fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
