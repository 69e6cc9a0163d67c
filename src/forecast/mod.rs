//! Forecasts of one series: what a PE, or a group of PEs, will need, with its uncertainty.
//!
//! ```text
//! samples ─► forecaster: logarithms ─► model ─► predictions ─► forecasts with intervals
//!                                        │
//!          spike guard · history · features (profiles, similar days) · experts and their mixture · intervals
//! ```

#![expect(
    clippy::suboptimal_flops,
    reason = "the code has the equations as their sources have them, and `mul_add` is a call on most targets"
)]

mod array_serde;
mod baseline;
mod calendar;
pub mod demand;
mod experts;
mod features;
mod forecaster;
mod history;
mod intervals;
mod mixture;
mod model;
mod numbers;
mod outcome;
mod precision;
mod regression;
mod score;
mod similar_days;
mod spike_guard;

pub use baseline::{HoltWinters, LastValue, SeasonalLastValue};
pub use calendar::Calendar;
pub use forecaster::Forecaster;
pub use outcome::{Forecast, Forecasts, Intervals};
pub use precision::{Compact, Exact, FixedPoint, Number, Precision};
pub use score::{Score, score};
