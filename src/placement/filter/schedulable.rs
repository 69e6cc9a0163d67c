//! `NodeUnschedulable`: the node is cordoned, not ready or being deleted (legacy filter F1), and the pod does not tolerate
//! that, as in kube-scheduler's `NodeUnschedulable` and `TaintToleration`.

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    if node.info.schedulable {
        return None;
    }
    let taints = &node.node().unschedulable_taints;
    let tolerates = !taints.is_empty() && state.pe.pod.first_untolerated(taints).is_none();
    (!tolerates).then_some(Rejection::NodeUnschedulable)
}
