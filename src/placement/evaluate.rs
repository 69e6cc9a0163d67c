//! Runs the filter plugins that apply to a PE: the first rejection of a node, or all rejections.

use std::sync::Arc;

use super::filter::plugin::NodeView;
use super::plugin_set::PluginSet;
use super::pre_filter::PreFilterState;
use crate::model::{Pe, Reason, Rejection};
use crate::state::{NodeIndex, Snapshot};

/// The facts about one PE, with the filter plugins that apply.
#[derive(Clone, Debug)]
pub(super) struct Evaluation {
    pub(super) state: PreFilterState,
    pub(super) plugins: PluginSet,
    /// The plugins whose reason codes come before that of a bucket as a whole.
    pub(super) before_bucket: PluginSet,
}

impl Evaluation {
    /// Looks up the facts about `pe`, and the plugins that apply.
    ///
    /// # Errors
    /// The [`Rejection`] that holds for every node.
    pub(super) fn new(pe: &Arc<Pe>, snapshot: &Snapshot) -> Result<Self, Rejection> {
        PreFilterState::new(pe, snapshot).map(Self::with_state)
    }

    /// Like [`Evaluation::new`], as if the PE were alone in its bucket.
    ///
    /// # Errors
    /// The [`Rejection`] that holds for every node.
    pub(super) fn outside_bucket(pe: &Arc<Pe>, snapshot: &Snapshot) -> Result<Self, Rejection> {
        PreFilterState::outside_bucket(pe, snapshot).map(Self::with_state)
    }

    fn with_state(state: PreFilterState) -> Self {
        let plugins = PluginSet::applying_to(&state);
        Self { before_bucket: plugins.intersection(PluginSet::before(Reason::BucketDoesNotFit)), plugins, state }
    }

    /// The first rejection of a node by all plugins that apply.
    #[inline]
    pub(super) fn first_rejection(&self, node: NodeView<'_>) -> Option<Rejection> {
        self.first_rejection_by(self.plugins, node)
    }

    /// The first rejection of a node by some of the plugins that apply.
    #[inline]
    pub(super) fn first_rejection_by(&self, plugins: PluginSet, node: NodeView<'_>) -> Option<Rejection> {
        self.plugins.intersection(plugins).iter().find_map(|plugin| (plugin.filter)(&self.state, node))
    }

    /// Every rejection of a node, in the order of the reason codes.
    pub(super) fn rejections(&self, node: NodeView<'_>) -> impl Iterator<Item = Rejection> {
        self.plugins.iter().filter_map(move |plugin| (plugin.filter)(&self.state, node))
    }

    /// True where the node passes every plugin that reads no other PE.
    pub(super) fn passes_node_rules(&self, index: NodeIndex, snapshot: &Snapshot) -> bool {
        NodeView::new(snapshot, index)
            .is_ok_and(|node| self.first_rejection_by(PluginSet::READING_NODE_ONLY, node).is_none())
    }
}

/// True where kube-scheduler checks the rule of a reason code too.
#[must_use]
pub(crate) fn is_checked_by_kube_scheduler(reason: Reason) -> bool {
    PluginSet::CHECKED_BY_KUBE_SCHEDULER.has_reason(reason)
}

/// The earlier of two rejections in the order of the reason codes. `other` has the code `reason`, and is only called where
/// `own` is not earlier.
pub(super) fn earlier_rejection(
    own: Option<Rejection>,
    reason: Reason,
    other: impl FnOnce() -> Option<Rejection>,
) -> Option<Rejection> {
    match own {
        Some(own) if own.reason() < reason => Some(own),
        own => other().or(own),
    }
}
