//! `NodeUnschedulable`: the node is cordoned, not ready or being deleted (legacy filter F1).

use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

pub(super) fn filter(_: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    (!node.info.schedulable).then_some(Rejection::NodeUnschedulable)
}
