//! `VolumeNodeAffinityConflict`: a volume of the pod cannot be used on the node, as in kube-scheduler's `VolumeBinding` (node
//! affinity of a bound volume) and `VolumeZone` (zones and regions of a bound volume).

use std::sync::Arc;

use super::super::pre_filter::PreFilterState;
use super::super::volume_topology::mismatch;
use super::plugin::NodeView;
use crate::model::Rejection;

/// The pod has a claim to a volume that cannot be used on every node.
pub(super) fn applies(state: &PreFilterState) -> bool {
    !state.claims.is_empty()
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    state.claims.iter().find_map(|claim| {
        let lacking = mismatch(&claim.topology, node.node())?;
        Some(Rejection::VolumeNodeAffinityConflict { claim: Arc::clone(&claim.claim), lacking })
    })
}
