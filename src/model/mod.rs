//! The values of placement: names, quantities, nodes, pods, PEs, pools, jobs, and the reasons of a rejection.
//!
//! Plain data: this module decides nothing, and does not know how an object is encoded.

mod demand;
mod ids;
pub mod keys;
mod labels;
mod limit_range;
mod load;
mod names;
mod node;
mod node_labels;
mod node_requirements;
mod normal;
mod oom_kill;
mod oom_kills;
mod open_streams;
mod oversized_value;
mod oversubscription_risk;
mod pe;
mod persistent_volume;
mod pod;
mod pod_requests;
mod pool;
mod probability;
mod reason;
mod request_outcome;
mod resource_constraints;
mod resource_decision;
mod resource_list;
mod resource_quota;
mod resource_version;
mod resources;
mod shortage;
mod stream_job;
mod stream_job_version;
mod thousandths;
mod unreadable;
mod withheld_sidecar;

pub use demand::{
    DemandForecasts, DemandHistory, DemandKey, DemandPath, DemandShare, JobDemand, MOST_HORIZON_STEPS, OfResources,
};
pub use ids::{JobId, Namespace, NodeName, ObjectId, PodName, PodUid, Tag, Token};
pub use labels::Labels;
pub use limit_range::{LimitRange, RequestRange};
pub use load::{Load, LoadProtection, Metric, Metrics, Overload, Percent, Thresholds};
pub use names::{is_label_value, is_object_name};
pub use node::Node;
pub use node_labels::{NodeLabels, NodeTags, tag_label, tag_of_label};
pub use node_requirements::{HostPort, NodeRequirement, NodeRequirements, Subject, Taint, Test, Toleration};
pub use normal::normal_quantile;
pub use oom_kill::OomKill;
pub use oom_kills::OomKills;
pub use open_streams::{
    Declared, DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, FieldProblem, Objects, OpenStreams,
    OpenStreamsObject,
};
pub use oversized_value::OversizedValue;
pub use oversubscription_risk::{DemandResource, OversubscriptionRisk, RiskRecord};
pub use pe::{Connection, Gang, HostChoice, InvalidPlacementSpec, Pe, PlacementSpec, Scope, ScoringStrategy};
pub use persistent_volume::{
    BoundVolume, PersistentVolume, PersistentVolumeClaim, PodClaim, PodClaims, TOPOLOGY_LABELS, TopologyLabel,
    VolumeTopology, VolumeZone,
};
pub use pod::{Owner, OwnerKind, Pod, PodKey, PodPhase};
pub use pod_requests::{
    ActualResources, ContainerResources, PodRequests, PodResourceStatus, PodResources, RequestsAndLimits,
    ResourceStatus,
};
pub use pool::{Pool, PoolMembers, PoolMode, Pools};
pub use probability::Probability;
pub use reason::{Reason, Rejection};
pub use request_outcome::RequestOutcome;
pub use resource_constraints::{NamespaceConstraints, ResourceConstraints};
pub use resource_decision::{RequestAndLimit, ResourceDecision};
pub use resource_list::ResourceList;
pub use resource_quota::{DemandedQuantity, QuotaDemand, QuotaScope, QuotaSubject, ResourceQuota};
pub use resource_version::ResourceVersion;
pub(crate) use resources::parse_thousandths;
pub use resources::{Bytes, CpuAndMemory, InvalidQuantity, Millicores, Resources, is_extended_resource};
pub use shortage::Shortage;
pub use stream_job::{Declarations, LastPlace, StreamJob, StreamJobs};
pub use stream_job_version::StreamJobVersion;
pub use thousandths::{rounded, thousandths};
pub use unreadable::{Unreadable, UnreadableObject};
pub use withheld_sidecar::{WithheldReason, WithheldSidecar};
