//! Filters and scores nodes for PEs, with the extension points of the scheduling framework.
//!
//! Each row imports only rows above it:
//!
//! | file or folder | holds |
//! |---|---|
//! | `pool`, `node_requirements`, `volume_topology`, `colocation`, `allocation`, `bucket_members`, `exlocated`, `invalid_spec` | facts about a PE, its pool and its job |
//! | `work_budget` | whether a decision costs more than one request may |
//! | `reserved_room` | the room that is reserved for gangs and buckets, for pods that are no PEs |
//! | `risk_limit` | the limit on the risk of the node that a PE goes to |
//! | `pre_filter` | the facts about one PE in one snapshot |
//! | `filter/` | the filter plugins, one a file, and their table |
//! | `plugin_set`, `evaluate` | runs the plugins: the first rejection of a node, or all rejections |
//! | `bucket` | buckets: the node must fit all pending members |
//! | `lookahead/` | look-ahead: the nodes that a PE must leave to other pending PEs |
//! | `gang` | gangs: complete, planned or infeasible |
//! | `score/` | scoring strategies, traffic, risk by limits, the order of nodes |
//! | `decide` | the decision about one PE, which combines the rows above |
//! | `planner/` | plans for batches of PEs and for gangs |
//! | `requeue/` | rejected PEs to requeue |

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
mod reserved_room;
mod risk_limit;
mod score;
mod volume_topology;
mod work_budget;

#[cfg(test)]
pub(crate) use colocation::conflict_between;
pub(crate) use colocation::{bucket_groups, first_conflict, is_in_bucket};
pub use decide::{CycleState, Foresight, PlacementDecision};
pub(crate) use evaluate::is_checked_by_kube_scheduler;
pub use gang::{GangPlan, GangState, QUIET};
pub(crate) use gang::{asks_for_gang, gang_spec};
pub(crate) use node_requirements::mismatch;
pub use planner::begun_groups::begun_groups;
pub use planner::conflict::Conflict;
pub use planner::gang_plan::plan_gang;
pub(crate) use planner::gang_plan::{gang_at_bind, gang_fits_with, rest_of_group};
pub use planner::gang_plans::GangPlans;
pub use planner::plan::{Budget, Plan, PlannedPe, UnplacedPe, plan};
pub(crate) use pool::qualifies;
pub use requeue::gang_complete::GangComplete;
pub use requeue::nodes_released::{NodesReleased, newly_placeable};
pub use requeue::overload_cleared::OverloadCleared;
pub use requeue::placeable::placeable;
pub use requeue::spec_changed::SpecChanged;
pub(crate) use reserved_room::reserved_room_rejection;
pub(crate) use score::limit_risk::limit_risk;
pub use score::rank::{HIGHEST_SCORE, RankedNode, Ranking};
pub use score::terms::ScoreTerms;
pub use score::traffic::TrafficLocality;
pub(crate) use volume_topology::mismatch as volume_mismatch;
pub use work_budget::{TooDear, check_work_budget};

#[cfg(test)]
mod tests;
