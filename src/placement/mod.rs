//! Which nodes a PE may go to, and which of them is best: the scheduling framework's extension points, file by file.
//!
//! From the ground up, each importing only what stands before it:
//!
//! | file or folder | holds |
//! |---|---|
//! | `pool`, `node_requirements`, `colocation`, `allocation`, `bucket_members`, `exlocated`, `invalid_spec` | facts about a PE, its pool and its job |
//! | `pre_filter` | all facts about one PE in one snapshot, looked up once |
//! | `filter/` | the filter plugins, one a file, and their table |
//! | `plugin_set`, `evaluate` | facts and plugins: the first rejection of a node, or all |
//! | `bucket` | the pending members of a bucket: the node must do for all of them |
//! | `lookahead/` | the nodes that a PE must leave to other pending PEs |
//! | `gang` | what a gang asks for |
//! | `score/` | scoring strategies, traffic, risk by limits, the order of nodes |
//! | `decide` | all of these put together: the decision about one PE |
//! | `planner/` | nodes for many PEs, decided together; plans of gangs |
//! | `requeue/` | rejected PEs that have to be tried again |

mod allocation;
mod bucket;
mod bucket_members;
mod colocation;
mod decide;
mod evaluate;
mod exlocated;
mod filter;
mod gang;
mod invalid_spec;
mod lookahead;
mod node_requirements;
mod planner;
mod plugin_set;
mod pool;
mod pre_filter;
mod requeue;
mod score;

pub use bucket_members::BucketMembers;
#[cfg(test)]
pub(crate) use colocation::conflict_between;
pub(crate) use colocation::{bucket_groups, first_conflict, is_in_bucket};
pub use decide::{CycleState, Decision, Foresight};
pub use gang::{GangPlan, GangState, QUIET, gang_spec};
#[cfg(any(test, feature = "demo"))]
pub(crate) use node_requirements::mismatch;
pub use planner::conflict::Conflict;
pub use planner::gang_plan::{gang_at_bind, plan_gang};
pub use planner::gang_plans::GangPlans;
pub use planner::plan::{Budget, Plan, PlannedPe, UnplacedPe, plan};
pub(crate) use pool::qualifies;
pub use requeue::gang_complete::GangComplete;
pub use requeue::overload_cleared::OverloadCleared;
pub use requeue::placeable::placeable;
pub use requeue::spec_changed::SpecChanged;
pub use score::limit_risk::limit_risk;
pub use score::rank::{HIGHEST_SCORE, RankedNode, Ranking};
pub use score::terms::ScoreTerms;
pub use score::traffic::Near;

#[cfg(test)]
mod tests;
