//! Outrigger: a Kubernetes scheduler extender and admission webhook for stream processing.

pub mod api;
pub mod model;
pub mod placement;
pub mod policy;
pub mod state;
