//! Which nodes a PE may go to, and which of them is best.
//!
//! A [`Case`] is one PE before one snapshot: what its rules need is looked up once. [`Case::verdict`] then answers for
//! one node, with the first reason in the order of `PLACEMENT.md` 5, and [`Case::rank`] orders the nodes that pass.

mod bucket;
mod case;
mod constraints;
mod gang;
mod invalid_spec;
mod look_ahead;
mod matching;
mod plan;
mod rank;
mod requeue;
mod risk;
mod scheme;
mod siblings;
mod traffic;

pub use bucket::Bucket;
pub use case::Case;
pub(crate) use case::qualifies;
pub use plan::{Budget, Conflict, Placement, Plan, QUIET, Unplaced, gang_of, plan};
pub use rank::{HIGHEST_SCORE, Ranked, Ranking};
pub use requeue::{GangComplete, OverloadCleared, SpecChanged, placeable};
pub use risk::limit_risk;
pub use scheme::Measure;
pub use traffic::Near;

#[cfg(test)]
mod tests;
