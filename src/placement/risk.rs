//! The first oversubscription term: how much of what pods may use could not be given.

use crate::model::{Footprint, Resources};
use crate::state::NodeRow;

/// Risk by limits of a node with one more pod, from 0 (every limit can be honoured) to 1.
///
/// For CPU and for memory: with allocatable C, requests R (at most C) and limits L of all pods, the share of the band
/// between request and limit that cannot be honoured, `(L - C) / (L - R)` where `L > C`, else 0. The larger of both
/// counts. Source: the limit risk of `LowRiskOverCommitment` in kubernetes-sigs/scheduler-plugins.
///
/// A missing limit counts as the request, so pods without limits add no risk beyond their requests.
#[must_use]
pub fn limit_risk(row: &NodeRow, pod: &Footprint) -> f64 {
    let Some(node) = &row.node else { return 1.0 };
    let share = |of: fn(&Resources) -> u64| {
        let capacity = of(&node.allocatable);
        let requests = of(&row.requested).saturating_add(of(&pod.requests)).min(capacity);
        let limits = of(&row.limits).saturating_add(of(&pod.limits));
        if limits <= capacity { 0.0 } else { ratio(limits - capacity, limits - requests) }
    };
    share(|resources| resources.cpu.0).max(share(|resources| resources.memory.0))
}

/// A quotient of two amounts; 0 where the divisor is 0.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a score needs far fewer than 53 bits")]
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
