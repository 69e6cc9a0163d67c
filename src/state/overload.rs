//! When a node is overloaded: with hysteresis, so that a load near a threshold does not make the node flap.

use jiff::{SignedDuration, Timestamp};

use super::node_state::NodeState;
use crate::model::{Load, LoadProtection, Metric, Metrics, Overload, Percent, Thresholds};

/// The load of all nodes, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadSummary {
    /// The number of nodes with a measurement that counts.
    pub measured: usize,
    /// The time of the newest measurement, whether it counts or not.
    pub newest: Option<Timestamp>,
    /// The number of overloaded nodes by metric.
    pub overloaded: [(Metric, usize); 3],
}

impl LoadSummary {
    /// The summary of these nodes, each with its measurements.
    pub(super) fn new(protection: LoadProtection, nodes: &[(&NodeState, [Option<Load>; 2])], now: Timestamp) -> Self {
        let mut info = Self { measured: 0, newest: None, overloaded: Metric::ALL.map(|metric| (metric, 0)) };
        for (state, measured) in nodes.iter().copied() {
            info.measured += usize::from(!known(measured, protection.max_age, now).is_empty());
            info.newest = measured.into_iter().flatten().map(|load| load.at).chain(info.newest).max();
            let by = state.overload.map(|overload| overload.metric);
            for (_, count) in info.overloaded.iter_mut().filter(|(metric, _)| Some(*metric) == by) {
                *count += 1;
            }
        }
        info
    }
}

/// Why a node is overloaded from now on, given why it was before.
///
/// A node becomes overloaded when a metric is above its upper threshold, and stays overloaded until all metrics are
/// below their lower thresholds. A node without a measurement that counts is not overloaded: no data is not a high load
/// (`docs/design.md`, law 4).
pub(super) fn next(
    before: Option<Overload>,
    protection: Option<LoadProtection>,
    measured: [Option<Load>; 2],
    now: Timestamp,
) -> Option<Overload> {
    let LoadProtection { thresholds, max_age } = protection?;
    let used = known(measured, max_age, now);
    let first = |is_too_much: fn(Percent, Thresholds) -> bool| {
        Metric::ALL.into_iter().find_map(|metric| {
            let (value, thresholds) = (used.get(metric)?, thresholds.get(metric)?);
            is_too_much(value, thresholds).then_some(Overload { metric, value, thresholds })
        })
    };
    first(|value, thresholds| value > thresholds.upper())
        .or_else(|| first(|value, thresholds| value >= thresholds.lower()).filter(|_| before.is_some()))
}

/// The newest value of each metric that is recent enough; of two equally new ones, the first.
fn known(measured: [Option<Load>; 2], max_age: SignedDuration, now: Timestamp) -> Metrics<Percent> {
    let counts = |load: &Load| now.duration_since(load.at).abs() <= max_age;
    match measured.map(|load| load.filter(counts)) {
        [Some(first), Some(second)] if second.at > first.at => second.used.or(first.used),
        [first, second] => first.into_iter().chain(second).fold(Metrics::default(), |used, load| used.or(load.used)),
    }
}

#[cfg(test)]
#[path = "tests/overload.rs"]
mod tests;
