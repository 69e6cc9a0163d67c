//! Objects of group `streams.ibm.com`, as the open-streams operator and its users write them.
//!
//! The schema of the group is open: a `spec` may hold any value. Placement reads single fields. A field that cannot be
//! read becomes a [`FieldProblem`], and the rest of the object counts all the same.

mod host_pool;
mod job;
mod objects;
mod parallel_region;
mod processing_element;
mod reader;

pub use objects::{HostPool, Job, ParallelRegion, ProcessingElement, Unnamed};

#[cfg(doc)]
use crate::model::FieldProblem;

#[cfg(test)]
#[path = "tests/support.rs"]
mod support;
