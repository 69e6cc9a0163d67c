//! The block `demand` of a policy: where measurements of PEs and nodes come from, and how far their demand is forecast.

mod promql;
mod queries;
mod resolve;
mod settings;

pub(super) use resolve::resolve;
pub(crate) use settings::DemandSettings;
#[cfg(feature = "server")]
pub(crate) use settings::{Measure, MeasuredSubject, PrometheusQuery, PrometheusSettings, SourceSettings};
