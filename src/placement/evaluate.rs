//! Facts and plugins: the first rejection of a node, or all of them.

use std::sync::Arc;

use super::filter::plugin::NodeView;
use super::plugin_set::PluginSet;
use super::pre_filter::PreFilterState;
use crate::model::{Pe, Reason, Rejection};
use crate::state::{NodeIndex, Snapshot};

/// One PE with the filter plugins that apply to it.
#[derive(Clone, Debug)]
pub(super) struct Evaluation {
    pub(super) state: PreFilterState,
    pub(super) plugins: PluginSet,
}

impl Evaluation {
    /// Looks up the facts about `pe`, and the plugins that apply.
    ///
    /// # Errors
    /// The [`Rejection`] that holds for every node.
    pub(super) fn new(pe: &Arc<Pe>, snapshot: &Snapshot) -> Result<Self, Rejection> {
        PreFilterState::new(pe, snapshot).map(Self::with_state)
    }

    /// As [`Evaluation::new`], as if the PE were alone in its bucket.
    ///
    /// # Errors
    /// The [`Rejection`] that holds for every node.
    pub(super) fn outside_bucket(pe: &Arc<Pe>, snapshot: &Snapshot) -> Result<Self, Rejection> {
        PreFilterState::outside_bucket(pe, snapshot).map(Self::with_state)
    }

    fn with_state(state: PreFilterState) -> Self {
        Self { plugins: PluginSet::applying_to(&state), state }
    }

    /// The first rejection of a node by all plugins that apply.
    pub(super) fn first_rejection(&self, node: NodeView<'_>) -> Option<Rejection> {
        self.first_rejection_by(self.plugins, node)
    }

    /// The first rejection of a node by some of the plugins that apply.
    pub(super) fn first_rejection_by(&self, plugins: PluginSet, node: NodeView<'_>) -> Option<Rejection> {
        self.plugins.intersection(plugins).iter().find_map(|plugin| (plugin.filter)(&self.state, node))
    }

    /// Every rejection of a node, in the order of the reason codes.
    pub(super) fn rejections(&self, node: NodeView<'_>) -> impl Iterator<Item = Rejection> {
        self.plugins.iter().filter_map(move |plugin| (plugin.filter)(&self.state, node))
    }

    /// True where the PE may go to a node as far as rules are concerned that read no other PE.
    pub(super) fn passes_node_rules(&self, index: NodeIndex, snapshot: &Snapshot) -> bool {
        NodeView::new(snapshot, index).is_ok_and(|node| self.first_rejection_by(PluginSet::of_node(), node).is_none())
    }
}

/// The earlier of two rejections in the order of the reason codes: `other` is asked only where `own` is not earlier than
/// `reason`, the code that `other` has.
pub(super) fn earlier_or(
    own: Option<Rejection>,
    reason: Reason,
    other: impl FnOnce() -> Option<Rejection>,
) -> Option<Rejection> {
    match own {
        Some(own) if own.reason() < reason => Some(own),
        own => other().or(own),
    }
}
