//! Kubernetes objects as they are written: the custom resources, and the parts of nodes and pods that are read.
//!
//! Each type here mirrors what stands in an object; turning it into the nouns of [`crate::model`] is the one place
//! where an object can be found faulty.

#[expect(
    clippy::duplicated_attributes,
    unreachable_pub,
    reason = "both come from how the derive reads and repeats the struct"
)]
mod host_pool;
mod node;
mod pod;

pub use host_pool::{HostPool, HostPoolSpec, InvalidHostPool, Mode};
pub use node::NodeObject;
pub use pod::PodObject;

/// The group of Outrigger's own resources, and the prefix of its labels and annotations.
pub const GROUP: &str = "outrigger.dev";
/// The version of that group.
pub const VERSION: &str = "v1alpha1";
