//! Writes Bindings: fences conflicting pods, verifies, assumes the pod, writes, and finds out the outcome.

mod announcement;
mod api;
mod binder;

pub use api::{KubeApi, PodApi, WriteError};
pub use binder::{BindFailure, Binder, BoundPod};

#[cfg(test)]
mod tests;
