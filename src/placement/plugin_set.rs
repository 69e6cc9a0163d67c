//! Sets of filter plugins.

use super::filter::FILTER_PLUGINS;
use super::filter::plugin::{BucketScope, CheckedBy, FilterPlugin, Reads};
use super::pre_filter::PreFilterState;
use crate::model::Reason;

/// A set of filter plugins: one bit for each row of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PluginSet(u32);

const _: () = assert!(FILTER_PLUGINS.len() <= 32, "there are more plugins than bits");

impl PluginSet {
    /// The plugins whose rules kube-scheduler checks too.
    pub(super) const CHECKED_BY_KUBE_SCHEDULER: Self = Self::with_property(Property::CheckedByKubeScheduler);
    /// The plugins that read no other PE.
    pub(super) const READING_NODE_ONLY: Self = Self::with_property(Property::ReadsNodeOnly);

    /// The plugins that apply to a PE.
    pub(super) fn applying_to(state: &PreFilterState) -> Self {
        Self::matching(|plugin| (plugin.applies)(state))
    }

    /// The plugins that could reject a node for a member of a bucket and pass the node for `pe`.
    pub(super) fn differing(pe: &PreFilterState, member: &PreFilterState) -> Self {
        Self::matching(|plugin| match plugin.bucket {
            BucketScope::Pe => false,
            BucketScope::EachMember(part) => part.differs(pe, member),
        })
    }

    /// The plugins whose reason codes come before `reason`.
    pub(super) fn before(reason: Reason) -> Self {
        Self::matching(|plugin| plugin.reason < reason)
    }

    /// The plugins of this set that are not in `other`.
    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    #[inline]
    pub(super) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The plugins, in the order of the table.
    #[inline]
    pub(super) fn iter(self) -> impl Iterator<Item = &'static FilterPlugin> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            FILTER_PLUGINS.get(usize::try_from(next).ok()?)
        })
    }

    fn matching(is_member: impl Fn(&FilterPlugin) -> bool) -> Self {
        Self(FILTER_PLUGINS.iter().rev().fold(0, |bits, plugin| bits << 1 | u32::from(is_member(plugin))))
    }

    /// True where a plugin of the set has this reason code.
    pub(super) fn has_reason(self, reason: Reason) -> bool {
        self.iter().any(|plugin| plugin.reason == reason)
    }

    #[expect(clippy::indexing_slicing, reason = "a constant that reads beyond the table does not compile")]
    const fn with_property(property: Property) -> Self {
        let (mut bits, mut row) = (0, FILTER_PLUGINS.len());
        while row > 0 {
            row -= 1;
            let plugin = &FILTER_PLUGINS[row];
            let has_property = match property {
                Property::CheckedByKubeScheduler => matches!(plugin.checked_by, CheckedBy::KubeScheduler),
                Property::ReadsNodeOnly => matches!(plugin.reads, Reads::Node),
            };
            bits <<= 1;
            if has_property {
                bits |= 1;
            }
        }
        Self(bits)
    }
}

/// A property of a row that no PE changes.
#[derive(Clone, Copy)]
enum Property {
    CheckedByKubeScheduler,
    ReadsNodeOnly,
}
