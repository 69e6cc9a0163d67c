//! Conversions of amounts: far fewer digits than a float has are enough for a probability.

/// The number of steps of a path.
pub(super) use crate::model::MOST_HORIZON_STEPS as STEPS;

/// An amount as a number.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a probability needs far fewer than 53 bits")]
pub(super) fn number(amount: u64) -> f64 {
    amount as f64
}

/// The sum of many squares as a number.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a probability needs far fewer than 53 bits")]
pub(super) fn wide_number(amount: u128) -> f64 {
    amount as f64
}

/// A number with the precision of paths.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a probability needs far fewer than 24 bits"
)]
pub(super) fn narrow(number: f64) -> f32 {
    number.clamp(-LARGEST, LARGEST) as f32
}

/// Larger values of paths are cut off: their squares, and sums of these, are finite.
const LARGEST: f64 = 1e18;

/// Squares of values that are not cut off.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a probability needs far fewer than 24 bits"
)]
pub(super) fn narrow_square(number: f64) -> f32 {
    number.clamp(0.0, LARGEST * LARGEST) as f32
}

/// A number that is not negative as a whole one.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
pub(super) fn whole(number: f64) -> u64 {
    number.round() as u64
}
