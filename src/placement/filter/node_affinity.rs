//! `NodeAffinityMismatch`: the node does not match the pod's node selector or required node affinity, as in
//! kube-scheduler's `NodeAffinity`.

use super::super::node_requirements::mismatch;
use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

/// The pod has a node selector or required node affinity.
pub(super) fn applies(state: &PreFilterState) -> bool {
    let requirements = state.pe.pod.node_requirements.as_ref();
    requirements.is_some_and(|requirements| !requirements.selector.is_empty() || requirements.terms.is_some())
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let requirements = state.pe.pod.node_requirements.as_ref()?;
    mismatch(requirements, node.node()).map(Rejection::NodeAffinityMismatch)
}
