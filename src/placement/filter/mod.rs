//! `Filter`: the table of filter plugins in the order of their reason codes. Each plugin has a file.
//!
//! To add a plugin, write a file with `applies` and `filter`, and give it a row at the place of its reason code.

mod colocation;
mod exlocation;
mod host_ports;
mod isolation;
mod named_hosts;
mod node_affinity;
mod node_load;
mod oversubscription_risk;
pub(super) mod plugin;
pub(super) mod pool_exclusive;
mod pool_members;
mod pool_size;
mod previous_node;
mod resources;
mod restricted_tag;
mod schedulable;
mod taints;
mod unoffered;
mod volume_topology;

use self::plugin::BucketScope::{EachMember, Pe};
use self::plugin::CheckedBy::{KubeScheduler, Outrigger};
use self::plugin::Reads::{Node, OtherPes};
use self::plugin::SpecPart::{Exlocation, Hosts, Identity, Isolation, NodeRequirements, Pool, Volumes};
use self::plugin::{FilterPlugin, always};
use crate::model::Reason;

/// Every plugin, in the order of `docs/placement.md`, "Reason codes": the first that rejects a node gives the reason.
///
/// Rules about buckets, other pending PEs and gangs are not plugins: see `bucket`, `lookahead` and `gang`.
#[rustfmt::skip]
pub(super) const FILTER_PLUGINS: &[FilterPlugin] = &[
    FilterPlugin { applies: always, filter: schedulable::filter, reason: Reason::NodeUnschedulable, checked_by: KubeScheduler, reads: Node, bucket: EachMember(NodeRequirements) },
    FilterPlugin { applies: always, filter: taints::filter, reason: Reason::UntoleratedTaint, checked_by: KubeScheduler, reads: Node, bucket: EachMember(NodeRequirements) },
    FilterPlugin { applies: node_affinity::applies, filter: node_affinity::filter, reason: Reason::NodeAffinityMismatch, checked_by: KubeScheduler, reads: Node, bucket: EachMember(NodeRequirements) },
    FilterPlugin { applies: unoffered::applies, filter: unoffered::filter, reason: Reason::NodeAffinityMismatch, checked_by: Outrigger, reads: Node, bucket: EachMember(Identity) },
    FilterPlugin { applies: volume_topology::applies, filter: volume_topology::filter, reason: Reason::VolumeNodeAffinityConflict, checked_by: KubeScheduler, reads: Node, bucket: EachMember(Volumes) },
    FilterPlugin { applies: always, filter: restricted_tag::filter, reason: Reason::RestrictedTag, checked_by: Outrigger, reads: Node, bucket: EachMember(Pool) },
    FilterPlugin { applies: pool_members::applies, filter: pool_members::filter, reason: Reason::PoolTagMissing, checked_by: Outrigger, reads: Node, bucket: EachMember(Pool) },
    FilterPlugin { applies: pool_size::is_unallocated, filter: pool_size::enough_qualify, reason: Reason::PoolTooSmall, checked_by: Outrigger, reads: OtherPes, bucket: EachMember(Pool) },
    FilterPlugin { applies: always, filter: pool_exclusive::filter, reason: Reason::PoolExclusiveToOtherJob, checked_by: Outrigger, reads: OtherPes, bucket: EachMember(Pool) },
    FilterPlugin { applies: pool_size::is_sized, filter: pool_size::within_allocation, reason: Reason::PoolIndexElsewhere, checked_by: Outrigger, reads: OtherPes, bucket: EachMember(Pool) },
    FilterPlugin { applies: named_hosts::applies, filter: named_hosts::filter, reason: Reason::HostMismatch, checked_by: Outrigger, reads: Node, bucket: EachMember(Hosts) },
    FilterPlugin { applies: previous_node::applies, filter: previous_node::filter, reason: Reason::PinnedElsewhere, checked_by: Outrigger, reads: OtherPes, bucket: EachMember(Identity) },
    FilterPlugin { applies: always, filter: resources::filter, reason: Reason::InsufficientResources, checked_by: KubeScheduler, reads: Node, bucket: Pe },
    FilterPlugin { applies: host_ports::applies, filter: host_ports::filter, reason: Reason::InsufficientResources, checked_by: KubeScheduler, reads: Node, bucket: Pe },
    FilterPlugin { applies: always, filter: isolation::holds_isolated_pe, reason: Reason::NodeHoldsIsolatedPe, checked_by: Outrigger, reads: OtherPes, bucket: Pe },
    FilterPlugin { applies: isolation::is_isolated, filter: isolation::holds_other_pe, reason: Reason::IsolatedPeNeedsEmptyNode, checked_by: Outrigger, reads: OtherPes, bucket: EachMember(Isolation) },
    FilterPlugin { applies: colocation::applies, filter: colocation::filter, reason: Reason::ColocationMismatch, checked_by: Outrigger, reads: OtherPes, bucket: Pe },
    FilterPlugin { applies: exlocation::applies, filter: exlocation::filter, reason: Reason::ExlocationConflict, checked_by: Outrigger, reads: OtherPes, bucket: EachMember(Exlocation) },
    FilterPlugin { applies: node_load::applies, filter: node_load::filter, reason: Reason::NodeOverloaded, checked_by: Outrigger, reads: Node, bucket: Pe },
    FilterPlugin { applies: oversubscription_risk::applies, filter: oversubscription_risk::filter, reason: Reason::OversubscriptionRisk, checked_by: Outrigger, reads: OtherPes, bucket: Pe },
];

#[cfg(test)]
#[path = "tests/plugins.rs"]
mod tests;
