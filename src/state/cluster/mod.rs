//! The cluster as it changes: events and assumed pods, applied to the state of nodes and jobs.
//!
//! | file | holds |
//! |---|---|
//! | [`fold`] | the cluster, and how one event changes it |
//! | [`nodes`] | nodes, their load, their places in the snapshot |
//! | [`pods`] | pods, and owners of pods that are gone |
//! | [`pools`], [`stream_jobs`], [`open_streams`] | the objects that declare pools, and placement specs of PEs |
//! | [`index`], [`pods_by_object`] | the pods of PEs by the objects that the PEs depend on |
//! | [`volumes`] | persistent volumes and claims |
//! | [`resource_constraints`] | limit ranges and quotas |
//! | [`count`] | counts a pod on its node and in its job |
//! | [`reserved_pods`] | pods that count on a node because a PE of their gang or bucket was bound |
//! | [`unoffered_nodes`] | nodes that kube-scheduler does not ask about for a PE |
//! | [`arrivals`] | pending pods that were seen for the first time just now |
//! | [`assumed_pod`], [`reserved_pod`], [`departed_job`] | what the cluster keeps beside the snapshot |
//! | [`assumed_pods`] | pods that count on a node before the watch shows them there; the takeover from another process |

mod arrivals;
mod assumed_pod;
mod assumed_pods;
mod count;
mod departed_job;
mod fold;
mod index;
mod nodes;
mod oom_kills;
mod open_streams;
mod pods;
mod pods_by_object;
mod pools;
mod reserved_pod;
mod reserved_pods;
mod resource_constraints;
mod stream_jobs;
mod unoffered_nodes;
mod volumes;

pub use assumed_pods::UnknownPod;
pub use fold::Cluster;
pub use reserved_pod::ExpiredReservation;

#[cfg(test)]
#[path = "tests/support.rs"]
mod support;
