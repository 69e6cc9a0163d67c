//! A probability.

use std::fmt;

/// A probability, in whole millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Probability(u32);

const MILLION: f64 = 1_000_000.0;

impl Probability {
    /// The probability of what is certain.
    pub const ONE: Self = Self(1_000_000);

    /// A number from 0 to 1, rounded to millionths; `None` outside that range and for what is not a number.
    #[must_use]
    pub fn new(number: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&number) {
            return None;
        }
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was checked"
        )]
        let millionths = (number * MILLION).round() as u32;
        Some(Self(millionths))
    }

    /// The probability as a number from 0 to 1.
    #[must_use]
    pub fn number(self) -> f64 {
        f64::from(self.0) / MILLION
    }
}

impl fmt::Display for Probability {
    /// Two decimal places. A probability that would read as 0 or as 1 and is neither is said to be below or above.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1..5_000 => f.write_str("<0.01"),
            995_000..1_000_000 => f.write_str(">0.99"),
            _ => write!(f, "{:.2}", self.number()),
        }
    }
}

#[cfg(test)]
#[path = "tests/probability.rs"]
mod tests;
