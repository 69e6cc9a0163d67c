//! The status of `HostPool` and `StreamJob`, and events, from a snapshot.
//!
//! A status is derived from nodes and pods, so that a lost status is written again as it was. The last status is the source
//! only of what no pod holds any more: the previous node of a PE without a pod, and why a PE waits that kube-scheduler has
//! not tried since.

mod job;
mod job_event;
mod overview;
mod pool;

pub use job::{PodReport, StatusInputs, job_status};
pub use job_event::{InvolvedObject, JobEvent, job_events};
pub use overview::Overview;
pub use pool::pool_status;

#[cfg(test)]
#[path = "tests/support.rs"]
mod support;
