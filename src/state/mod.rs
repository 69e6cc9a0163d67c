//! The cluster as decisions see it: how one event changes it, and what is published of it.
//!
//! A [`Cluster`] takes [`Event`]s and our own commitments; a [`Snapshot`] of it is immutable and shared. A pod counts
//! on its node from the moment that we commit to it, not from when the watch shows it: at any instant the snapshot
//! holds at least what is true of pods that we have bound (law 1).

mod cluster;
mod copies;
mod event;
mod job_row;
mod jobs;
mod node_row;
mod open_streams;
mod overload;
mod rows;
mod shared;
mod snapshot;
mod summary;
mod takeover;
mod tentative;

pub use cluster::{Cluster, UnknownPod};
pub use event::{Change, Event};
pub use job_row::{Home, JobRow, Member};
pub use node_row::{NodeIndex, NodeRow};
pub use overload::LoadSummary;
pub use snapshot::Snapshot;
pub use summary::{Occupancy, Summary};
pub use tentative::Tentative;
