//! Numbers with three decimal places.

/// A number from 0 to `most` in whole thousandths; `None` outside that range and for what is not a number.
#[must_use]
pub fn thousandths(number: f64, most: u32) -> Option<u32> {
    if !(0.0..=f64::from(most)).contains(&number) {
        return None;
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked"
    )]
    let whole = (number * 1_000.0).round() as u32;
    Some(whole)
}

/// A number rounded to three decimal places: enough for a reader, and short in an annotation.
#[must_use]
pub fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
