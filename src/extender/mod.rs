//! The scheduler extender: bytes from kube-scheduler to a decision, a decision to bytes.
//!
//! Filter and prioritize are advice over a snapshot; [`bind`] verifies again and commits before anything is written
//! (law 1). The contract is that of `k8s.io/kube-scheduler/extender/v1`: Go names without tags as keys, every key
//! written, absent and null read alike.

mod attempt;
mod autoscaler;
pub mod bind;
mod decode;
mod encode;
mod fence;
mod filter;
mod preempt;
mod prioritize;
mod record;
mod view;

pub use attempt::{Attempt, Attempts, Choice, LastAttempt, LookedUp};
pub use autoscaler::{simulate_filter, simulate_prioritize};
pub use decode::{Arguments, BindingArguments, Candidates, DecodeError, arguments, binding_arguments};
pub use encode::filter_error;
pub use fence::pods_to_fence;
pub use filter::{Filtered, filter};
pub use preempt::preempt;
pub use prioritize::{Prioritized, prioritize};
pub use record::{Record, Traffic};
pub use view::View;

#[cfg(test)]
mod tests;
