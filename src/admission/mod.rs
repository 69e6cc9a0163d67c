//! Admission: prepares a pod, before it is created, so that it can be placed and observed as a PE.
//!
//! ```text
//! bytes ─► decode: the envelope, and the labels of the pod ─► no policy governs the labels: skip
//!                              │ the policy, and the whole pod as raw JSON
//!                              ▼
//!              decide: skip? deny? otherwise apply the rules, one rule a file:
//!              large_gang · identity · job_share · sizing · sidecars · scheduler · open_streams · affinity ·
//!              node_name · tolerations
//!                              │ the patched pod: the rules are applied again and must change nothing
//!                              ▼
//!                           encode ─► bytes
//! ```
//!
//! A patch is built by hand, operation by operation, on the raw JSON. A patch is never computed from typed objects, so
//! unknown fields stay as they are. An error in this module leaves the pod unchanged and is reported as a warning and
//! a [`SkipReason`]. Three things can stop a pod: a body that is no `AdmissionReview`, which is a [`DecodeError`], a policy
//! with `onConflict: Deny`, and, in a strict namespace, [`validate()`].

mod affinity;
mod answer;
mod candidate;
mod conflicts;
mod context;
mod decide;
mod decision;
mod decode;
mod encode;
mod error;
mod fit;
mod identity;
mod injection;
mod job_share;
mod json;
mod known_demand;
mod large_gang;
mod limit_ranger;
mod node_name;
mod open_streams;
mod operating_system;
mod patch;
mod pod_resources;
mod ports;
mod qos;
mod quantity;
mod raw_pod;
mod resource_changes;
mod review;
mod scheduler;
mod sidecar_demands;
mod sidecar_outcome;
mod sidecars;
mod size_limit;
mod sizing;
mod skip_reason;
mod stream_job;
mod text;
mod tolerations;
mod validate;
mod violation;
mod warnings;

pub use answer::{Answer, Occasion, ReviewedObject};
pub use context::Context;
pub use decide::decide;
pub use decision::{Decision, DenialReason};
pub use error::DecodeError;
pub use known_demand::KnownDemand;
pub use review::{mutate, validate, validate_stream_job};
pub use sidecar_outcome::SidecarOutcome;
pub use skip_reason::SkipReason;

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
