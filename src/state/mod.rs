//! The cluster: how one event changes it, and what is published of it.
//!
//! [`Event`]s and assumed pods change a [`Cluster`]; a [`Snapshot`] of it is immutable and shared. An assumed pod
//! counts on its node before the watch shows it there: at any time, a snapshot holds every pod that this process has
//! bound (`docs/design.md`, law 1).

mod cluster;
mod event;
mod interner;
mod job_state;
mod jobs;
mod listed_resources;
mod node_info;
mod node_risk;
mod node_set;
mod node_state;
mod node_states;
mod overload;
mod reservations;
mod shards;
mod shared_values;
mod snapshot;
mod stated_risks;
mod takeover;
mod volumes;

pub use cluster::{Cluster, ExpiredReservation, UnknownPod};
pub use event::{Change, Event, Observed};
pub use job_state::{JobState, Member, MemberState, PreviousNode};
pub use listed_resources::ListedResources;
pub use node_info::{NodeInfo, Occupancy, TaintKinds};
pub use node_set::NodeSet;
pub use node_state::{NodeIndex, NodeState};
pub use overload::LoadSummary;
pub use reservations::Reservations;
pub use snapshot::{Snapshot, SnapshotKey};
pub use stated_risks::StatedRisks;
pub use volumes::ClaimTopology;
