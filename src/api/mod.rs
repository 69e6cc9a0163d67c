//! Kubernetes objects as they are encoded: the custom resources, the parts of nodes and pods that are read, load files, demand
//! files.
//!
//! Each type here mirrors the fields of an object. The conversion to the values of [`crate::model`] finds invalid
//! objects.

mod definitions;
mod demand;
mod document;
#[expect(
    clippy::duplicated_attributes,
    unreachable_pub,
    reason = "both come from how the derive reads and repeats the struct"
)]
mod host_pool;
mod limit_range;
mod load;
mod located;
mod metadata;
mod node;
mod node_requirements;
pub mod open_streams;
mod persistent_volume;
mod pod;
mod present;
mod resource_quota;
#[expect(
    clippy::duplicated_attributes,
    unreachable_pub,
    reason = "both come from how the derive reads and repeats the struct"
)]
mod stream_job;
mod timestamp;

pub use definitions::definitions;
pub use demand::demand;
pub use document::{DocumentError, Position};
pub(crate) use document::{FieldError, parse_documents};
pub use host_pool::{AllocationStatus, HostPool, HostPoolSpec, HostPoolStatus, InvalidHostPool, Mode};
pub use load::loads;
pub(crate) use located::{Content, Located, Member};
pub(crate) use metadata::controller;
pub use node::NodeObject;
pub use persistent_volume::{PersistentVolumeClaimObject, PersistentVolumeObject, Unnamed};
pub use pod::PodObject;
pub use stream_job::{
    ConnectionSpec, GangSpec, InvalidStreamJob, PeSpec, Phase, PlacementStatus, StreamJob, StreamJobSpec,
    StreamJobStatus,
};
