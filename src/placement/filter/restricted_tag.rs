//! `RestrictedTag`: a restricting tag closes the node to PEs that do not request the tag (legacy filter F4).

use super::super::pool::{closing_tag, requested_tags};
use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::Rejection;

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    closing_tag(requested_tags(&state.spec, state.pool.as_deref()), &node.info.tags)
        .map(|tag| Rejection::RestrictedTag(tag.clone()))
}
