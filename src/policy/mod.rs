//! Policies: which pods are PEs, what they are injected with, and how they are placed.
//!
//! `raw` mirrors a `StreamPolicy` document; [`StreamPolicy`] is a valid policy. [`PolicySet`] finds the one policy that
//! governs a pod, and [`PolicySet::pe`] is the PE that the pod is.

mod container;
mod demand;
mod demand_sizing;
mod dialect;
mod load_protection;
mod on_conflict;
mod pe;
mod raw;
mod registration;
mod resolve;
mod schema;
mod selector;
mod set;
mod spec;

#[cfg(feature = "server")]
pub(crate) use demand::{
    DemandSettings, Measure, MeasuredSubject, PrometheusQuery, PrometheusSettings, SourceSettings,
};
pub(crate) use demand_sizing::DemandSizing;
pub(crate) use dialect::{Dialect, Identity};
pub(crate) use on_conflict::OnConflict;
pub use registration::Unreached;
pub use resolve::StreamPolicy;
pub(crate) use resolve::{PlacementPolicy, Sidecar, Sizing};
pub use set::{PolicySet, RejectedSidecar, Source};
pub(crate) use spec::EffectiveValue;
