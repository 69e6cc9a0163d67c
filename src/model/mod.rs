//! The nouns of placement: names, quantities, nodes, pods, PEs, pools, jobs and the reasons of a refusal.
//!
//! Plain data. Nothing here decides anything, and nothing here knows how an object looked on the wire.

mod colocation_group;
mod ids;
mod labels;
mod load;
mod node;
mod node_labels;
mod node_requirements;
mod open_streams;
mod pe;
mod pod;
mod pod_requests;
mod pool;
mod reason;
mod request_outcome;
mod resources;
mod stream_job;

pub use colocation_group::{ColocationGroup, SpecConflict};
pub use ids::{JobId, Namespace, NodeName, PodName, PodUid, PoolId, Tag, Token};
pub use labels::Labels;
pub use load::{Load, LoadProtection, Metric, Metrics, Overload, Percent, Thresholds};
pub use node::Node;
pub use node_labels::{NodeLabels, NodeTags, tag_label};
pub use node_requirements::{HostPort, NodeRequirement, NodeRequirements, Taint, Toleration};
pub use open_streams::{
    Declared, DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, FieldProblem, ObjectId, Objects, OpenStreams,
    OpenStreamsObject,
};
pub use pe::{
    Connection, DeclaredBy, Gang, HostChoice, InvalidPlacementSpec, Pe, PlacementSpec, Scope, ScoringStrategy,
};
pub use pod::{Owner, OwnerKind, Pod, PodKey, PodPhase};
pub use pod_requests::{ContainerResources, PodRequests, PodResources};
pub use pool::{Pool, PoolMembers, PoolMode, Pools};
pub use reason::{Reason, Rejection};
pub use request_outcome::RequestOutcome;
pub use resources::{Bytes, CpuAndMemory, InvalidQuantity, Millicores, Resources, thousandths};
pub use stream_job::{Declarations, LastPlace, StreamJob, StreamJobId, StreamJobs};
