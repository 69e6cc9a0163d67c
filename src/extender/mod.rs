//! The scheduler extender: decodes a request of kube-scheduler, decides, and encodes the response.
//!
//! Filter and prioritize give advice from a snapshot. [`bind`] verifies again, and assumes the pod before the Binding is
//! written (law 1). Requests and responses have the form of `k8s.io/kube-scheduler/extender/v1`: Go field names are the
//! keys, every key is written, and an absent key reads like null.

mod attempt;
mod autoscaler;
pub mod bind;
mod context;
mod decode;
mod encode;
mod fence;
mod filter;
mod preempt;
mod prioritize;
mod question;
mod record;

pub use attempt::{Attempt, Attempts, CachedCycle, Choice, LastAttempt};
pub use autoscaler::{simulate_filter, simulate_prioritize};
pub use context::SchedulingContext;
pub use decode::{
    BindingArguments, CandidateNodes, DecodeError, PreemptionArguments, ProposedVictims, SchedulingArguments,
    decode_arguments, decode_binding_arguments, decode_preemption_arguments,
};
pub use encode::filter_error;
pub use fence::pods_to_fence;
pub use filter::{Filtered, filter};
pub use preempt::{PlacedPod, Preemption, preempt};
pub use prioritize::{Prioritized, prioritize};
pub use record::{Record, RecordedTraffic};

#[cfg(test)]
mod tests;
