//! `UntoleratedTaint`: the node has a taint that the pod does not tolerate, as in kube-scheduler's `TaintToleration`.

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::{Rejection, Taint};

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    if !node.info.taints.hard {
        return None;
    }
    let node = node.node();
    let taint: Option<&Taint> = match &state.pe.pod.node_requirements {
        Some(requirements) => requirements.untolerated(node),
        None => node.taints.first(),
    };
    taint.map(|taint| Rejection::UntoleratedTaint(taint.to_string()))
}
