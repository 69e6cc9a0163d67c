//! The pods that controllers create: Deployments, `ReplicaSet`s, `ReplicationController`s, `StatefulSet`s and Jobs.
//!
//! A controller creates the pods that are missing. So a controller whose pods, or whose owner, are in the input too, counts
//! once.

mod controller;
mod family;
mod job;
mod pods;
mod stateful_set;
mod template;

pub use controller::{Controller, ControllerKind, InvalidField};
pub use family::created_pods;
pub use pods::CreatedPods;

#[cfg(test)]
mod tests;
