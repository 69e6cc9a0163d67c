//! The limit on the risk of the node that a PE goes to.

use std::sync::Arc;

use super::bucket_members::BucketMembers;
use crate::model::{Pe, PlacementSpec, Probability};
use crate::risk::{AddedDemand, JobSums};
use crate::state::Snapshot;

/// The highest risk of overload of a node with a PE, and what the PE adds.
#[derive(Clone, Debug)]
pub(super) struct RiskLimit {
    /// The ceiling of the policy.
    pub(super) ceiling: Probability,
    /// What the PE adds, together with the waiting members of its bucket where none of the bucket is bound: they follow the
    /// PE to its node.
    pub(super) added: AddedDemand,
}

impl RiskLimit {
    /// The limit for a PE; `None` where neither its policy nor that of a member of its bucket has a ceiling, or no demand is
    /// known. The lowest ceiling counts.
    pub(super) fn new(pe: &Arc<Pe>, spec: &PlacementSpec, bucket: &BucketMembers, snapshot: &Snapshot) -> Option<Self> {
        if !snapshot.knows_demand() {
            return None;
        }
        let others = if bucket.anchors.is_empty() { bucket.others_pending.as_slice() } else { &[] };
        let ceilings = others.iter().filter_map(|other| other.spec.as_ref().ok()?.risk_ceiling);
        let ceiling = ceilings.chain(spec.risk_ceiling).min()?;
        let demand = |pe: &Arc<Pe>| snapshot.pod_demand(&pe.pod, Some(pe));
        let mut sums = JobSums::of_pe(&demand(pe)?)?;
        for other in others.iter().filter_map(demand) {
            sums.add(&other);
        }
        Some(Self { ceiling, added: AddedDemand::new(sums) })
    }
}
