//! Kubernetes objects as they are written: the custom resources, and the parts of nodes and pods that are read.
//!
//! Each type here mirrors what stands in an object; turning it into the nouns of [`crate::model`] is the one place
//! where an object can be found faulty.

mod document;
#[expect(
    clippy::duplicated_attributes,
    unreachable_pub,
    reason = "both come from how the derive reads and repeats the struct"
)]
mod host_pool;
mod load;
mod metadata;
mod node;
mod node_requirements;
pub mod open_streams;
mod pod;
#[expect(
    clippy::duplicated_attributes,
    unreachable_pub,
    reason = "both come from how the derive reads and repeats the struct"
)]
mod stream_job;

pub use document::{DocumentError, Position};
pub(crate) use document::{FieldError, parse_documents};
pub use host_pool::{AllocationStatus, HostPool, HostPoolSpec, HostPoolStatus, InvalidHostPool, Mode};
pub use load::loads;
pub(crate) use metadata::controller;
pub use node::NodeObject;
pub use pod::PodObject;
pub use stream_job::{
    ConnectionSpec, GangSpec, InvalidStreamJob, PeSpec, Phase, PlacementStatus, StreamJob, StreamJobSpec,
    StreamJobStatus,
};

/// The definitions of all custom resources as YAML documents: what `deploy/crds` holds.
///
/// # Errors
/// Never in a build whose tests passed: a schema that cannot be written.
pub fn definitions() -> Result<String, serde_saphyr::ser::Error> {
    use kube_core::CustomResourceExt as _;
    serde_saphyr::to_string_multiple(&[HostPool::crd(), StreamJob::crd()])
}

/// The group of Outrigger's own resources, and the prefix of its labels and annotations.
pub const GROUP: &str = "outrigger.dev";
/// The version of that group.
pub const VERSION: &str = "v1alpha1";
