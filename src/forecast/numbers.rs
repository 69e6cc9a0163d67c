//! Conversions of counts, exact below 2^31.

/// A count as a number.
pub(super) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A count as a number of steps.
pub(super) fn steps(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The place of a step in a ring of this length.
pub(super) fn place(step: i64, length: usize) -> usize {
    usize::try_from(step.rem_euclid(steps(length.max(1)))).unwrap_or_default()
}
