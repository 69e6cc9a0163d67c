//! When a node is overloaded: with hysteresis, so that a load about a threshold does not make it flap.

use jiff::{SignedDuration, Timestamp};

use super::node_state::NodeState;
use crate::model::{Load, LoadProtection, Metric, Metrics, Overload, Percent, Thresholds};

/// What is known of the load of all nodes, for who watches over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadSummary {
    /// Nodes of which a measurement counts.
    pub measured: usize,
    /// When the newest measurement of a node was made, whether it counts or not.
    pub newest: Option<Timestamp>,
    /// Overloaded nodes by metric.
    pub overloaded: [(Metric, usize); 3],
}

impl LoadSummary {
    /// Sums up rows, each with the measurements of its node.
    pub(super) fn of(protection: LoadProtection, nodes: &[(&NodeState, [Option<Load>; 2])], now: Timestamp) -> Self {
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

/// Whether a node is overloaded, after it was so or not before.
///
/// It becomes overloaded when a metric is above its upper threshold, and stays so until all are below their lower ones.
/// Where nothing is known of any metric that has thresholds, it is not overloaded: no data is not a high load.
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

/// The newest that is known of each metric and recent enough; of two equally new ones the first.
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
