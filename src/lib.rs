//! Outrigger: a Kubernetes scheduler extender and admission webhook for stream processing.
//!
//! The webhook adds sidecars, requests and identity to the pods of stream jobs (processing elements, PEs). The extender
//! places them by host pools, colocation, exlocation, isolation and the risk of oversubscription, and binds them together
//! with the reasons. This crate is the program's library: everything that decides is in it as plain functions over plain
//! data.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | the nouns: names, quantities, nodes, pods, PEs, pools, reasons |
//! | [`api`] | Kubernetes objects as they are written: the custom resources, and what is read of nodes and pods |
//! | [`policy`] | which pods are PEs, what they get, how they are placed: as written, and as meant |
//! | [`state`] | events to snapshots; assumed pods and reservations |
//! | [`placement`] | filter and score: may a PE go to a node, and which node is best |
//! | [`admission`] | the webhook: a review to a decision, a decision to a patch |
//! | [`extender`] | the extender: filter, prioritize, preempt, bind |
//! | [`simulate`] | a whole input placed without a cluster, through the functions above |
//! | [`status`] | status and events of pools and jobs |
//! | [`explain`] | why a pod is where it is, or why it waits |
//!
//! These are pure. The rest is feature `server`, on by default:
//!
//! | module | holds |
//! |---|---|
//! | [`store`] | the state of the process, that requests are answered from |
//! | [`watch`] | watches of the API server: what they deliver is applied to the store |
//! | [`demand`] | measurements of PEs and nodes, read from a metrics API or a Prometheus and learnt |
//! | [`files`] | policy files, load files and certificates, read again while the process runs |
//! | [`control`] | status, events and requeues, written by the one process that holds the lease |
//! | [`commit`] | Bindings: written, and followed until their outcome is certain |
//! | [`http`] | routes, limits, health |
//! | [`tls`] | certificates: made, loaded, replaced when they change |
//! | [`telemetry`] | metrics and logs |
//! | [`cli`] | the commands |
#![doc = include_str!("architecture.md")]

pub mod admission;
pub mod api;
pub mod explain;
pub mod extender;
pub mod forecast;
pub mod model;
pub mod placement;
pub mod policy;
pub mod simulate;
pub mod state;
pub mod status;
#[cfg(test)]
mod testing;

#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod commit;
#[cfg(feature = "server")]
pub mod control;
#[cfg(feature = "server")]
pub mod demand;
#[cfg(feature = "server")]
pub mod files;
#[cfg(feature = "server")]
pub mod http;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod telemetry;
#[cfg(feature = "server")]
pub mod tls;
#[cfg(feature = "server")]
pub mod watch;
