//! `Score`: which of the nodes that pass is best.

pub(super) mod job_spread;
pub(super) mod limit_risk;
pub(super) mod rank;
pub(super) mod strategy;
pub(super) mod terms;
pub(super) mod traffic;
