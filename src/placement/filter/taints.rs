//! `UntoleratedTaint`: the node has a taint that the pod does not tolerate, as in kube-scheduler's `TaintToleration`.

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    if !node.info.taints.hard {
        return None;
    }
    let taint = state.pe.pod.first_untolerated(&node.node().taints);
    taint.map(|taint| Rejection::UntoleratedTaint(taint.to_string()))
}
