//! What is known of the measurements, for metrics that are computed when Prometheus scrapes.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

/// The newest measurements of this process. Copies share one value.
#[derive(Clone, Debug, Default)]
pub(crate) struct DemandStatus(Arc<Mutex<Option<NewestSamples>>>);

/// The newest samples of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewestSamples {
    /// The source.
    pub(crate) source: &'static str,
    /// The time of the newest sample; `None` before the first one.
    pub(crate) at: Option<Timestamp>,
}

impl DemandStatus {
    /// The newest samples; `None` where no policy names a source.
    pub(crate) fn newest(&self) -> Option<NewestSamples> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, newest: Option<NewestSamples>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = newest;
    }

    /// Notes that a sample of this time was read.
    pub(super) fn sampled(&self, at: Timestamp) {
        if let Some(newest) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            newest.at = newest.at.max(Some(at));
        }
    }
}
