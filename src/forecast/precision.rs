//! How exactly the state of a forecaster is kept. Arithmetic is always that of `f64`.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How exactly the state of a forecaster is kept.
pub trait Precision: Clone + Debug + Default {
    /// A number of the state.
    type Number: Number;
    /// A value of the history.
    type Sample: Number;
}

/// A number as it is kept.
pub trait Number: Copy + Debug + Default + Serialize + DeserializeOwned {
    /// Rounds a number to one that can be kept.
    fn keep(exact: f64) -> Self;
    /// The kept number.
    fn exact(self) -> f64;
}

/// Everything is kept as `f64`: for single series.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exact;

/// The state is kept as `f32`, and the history in two bytes a sample: for many series.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compact;

impl Precision for Exact {
    type Number = f64;
    type Sample = f64;
}

impl Precision for Compact {
    type Number = f32;
    type Sample = FixedPoint;
}

impl Number for f64 {
    fn keep(exact: f64) -> Self {
        exact
    }

    fn exact(self) -> f64 {
        self
    }
}

impl Number for f32 {
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "rounds to the nearest number")]
    fn keep(exact: f64) -> Self {
        exact as Self
    }

    fn exact(self) -> f64 {
        f64::from(self)
    }
}

/// A number from 0 to 16 in steps of 1/4096; other numbers become the nearest of these. The logarithm of a value is kept
/// within 0.012 % of the value, up to nine million times the usual value.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct FixedPoint(u16);

const STEPS: f64 = 4096.0;

impl Number for FixedPoint {
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "becomes the nearest number in range"
    )]
    fn keep(exact: f64) -> Self {
        Self((exact * STEPS).round() as u16)
    }

    fn exact(self) -> f64 {
        f64::from(self.0) / STEPS
    }
}
