//! The cluster as decisions see it: how one event changes it, and what is published of it.
//!
//! A [`Cluster`] takes [`Event`]s and our own commitments; a [`Snapshot`] of it is immutable and shared. A pod counts
//! on its node from the moment that we commit to it, not from when the watch shows it: at any instant the snapshot
//! holds at least what is true of pods that we have bound (law 1).

mod cluster;
mod event;
mod interner;
mod job_state;
mod jobs;
mod node_info;
mod node_state;
mod node_states;
mod overload;
mod reservations;
mod shared_values;
mod snapshot;
mod takeover;

pub use cluster::{Cluster, UnknownPod};
pub use event::{Change, Event, Observed};
pub use job_state::{JobState, Member, PreviousNode};
pub use node_info::{NodeInfo, Occupancy, TaintKinds};
pub use node_state::{NodeIndex, NodeState};
pub use overload::LoadSummary;
pub use reservations::Reservations;
pub use snapshot::{Snapshot, SnapshotKey};
