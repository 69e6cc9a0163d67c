//! The nouns of placement: names, quantities, nodes, pods, PEs, pools, jobs and the reasons of a refusal.
//!
//! Plain data. Nothing here decides anything, and nothing here knows how an object looked on the wire.

mod eligibility;
mod footprint;
mod ids;
mod labels;
mod load;
mod node;
mod node_labels;
mod open_streams;
mod pe;
mod pod;
mod pool;
mod reason;
mod resources;
mod stream_job;
mod tie;

pub use eligibility::{Eligibility, HostPort, NodeRequirement, Taint, Toleration};
pub use footprint::{ContainerResources, Footprint, PodResources};
pub use ids::{JobId, Namespace, NodeName, PodName, PodUid, PoolId, Tag, Token};
pub use labels::Labels;
pub use load::{Load, LoadProtection, Metric, Metrics, Overload, Percent, Thresholds};
pub use node::Node;
pub use node_labels::{NodeLabels, NodeTags, tag_label};
pub use open_streams::{
    Declared, DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, Doubt, ObjectId, Objects, OpenStreams,
    OpenStreamsObject,
};
pub use pe::{Connection, Contradiction, DeclaredBy, Gang, HostChoice, Pe, Scheme, Scope, Wishes};
pub use pod::{Owner, OwnerKind, Pod, PodKey, PodPhase};
pub use pool::{Pool, PoolMembers, PoolMode, Pools};
pub use reason::{Reason, Refusal};
pub use resources::{Bytes, CpuAndMemory, InvalidQuantity, Millicores, Resources, thousandths};
pub use stream_job::{Declarations, LastPlace, StreamJob, StreamJobId, StreamJobs};
pub use tie::{Clash, Tie};
