//! When a node is overloaded: with hysteresis, so that a load about a threshold does not make it flap.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Load, LoadProtection, Metric, Metrics, Overload, Percent, Thresholds};

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
