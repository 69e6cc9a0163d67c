//! Plans: nodes for many pending PEs, decided together.

mod assignment;
pub(super) mod begun_groups;
pub(super) mod conflict;
pub(super) mod gang_plan;
pub(super) mod gang_plans;
mod greedy;
mod group;
mod improve;
mod node_orders;
pub(super) mod plan;
mod search;
mod shortage;
