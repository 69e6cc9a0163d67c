//! What is forecast for one step.

/// What is forecast for one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// The value is as probably above as below.
    pub median: f64,
    /// The intervals; `None` before the error of a forecast is known.
    pub intervals: Option<Intervals>,
}

/// Where a value will be with a probability of 80 and 95 %: the lower and the upper bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intervals {
    /// With 80 %.
    pub of_80: (f64, f64),
    /// With 95 %.
    pub of_95: (f64, f64),
}

/// Whatever forecasts one series.
pub trait Forecasts {
    /// Learns the value at a step. Steps that are left out are missing.
    fn observe(&mut self, step: i64, value: f64);
    /// What is forecast for the steps after the last one.
    fn forecasts(&self) -> Vec<Forecast>;
}
