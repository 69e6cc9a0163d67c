//! Explains why a pod is on its node, or why the pod is pending.
//!
//! An explanation uses the plugins of filter and bind. It collects every rejection of each node, to find the nodes that
//! come nearest and the changes that would let the pod be placed there.

mod decide;
mod explanation;
mod remedy;

pub use decide::{ExplainedPod, MAX_NEAREST_NODES, explain, explain_from_manifest};
pub use explanation::{
    Amounts, DeclaredValue, Explanation, ExplanationSource, NodeExplanation, PodState, RejectionWithRemedy,
    ResourceExplanation, WithheldExplanation,
};
