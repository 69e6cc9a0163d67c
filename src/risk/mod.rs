//! Risk: the probability that the demand on a node passes what the node can give at some step of the horizon.
//!
//! What a node can give is its **allocatable** amount, not its capacity: the kubelet enforces the allocatable amount on all
//! pods together (`enforceNodeAllocatable`), and kube-scheduler counts requests against it.
//!
//! PEs of a job move together (`docs/design.md`, D11). Let a job J have the expected use m and the standard deviation s at
//! a step, and let S be the sum of the shares of its PEs on the node. Each PE with the share p and the own deviation o
//! uses p·m, with an own standard deviation of p·o·m. A PE without history counts by a prior with the mean r and the
//! spread w, and moves with its job too. Then the use of the node at that step has
//!
//! ```text
//! mean      M = others + sum over jobs of (S·m + sum of r)
//! variance  V = spread of others + sum over jobs of ((S·s + sum of w)² + m² · sum of (p·o)²)
//! ```
//!
//! One PE more is an increment in closed form: with its mean a, its common deviation d and its own variance q, and with the
//! common deviation D of its job on the node before, M grows by a, and V by d² + 2·D·d + q.
//!
//! The probability of an overload at a step is the tail of a normal distribution. That of an overload at **some** step is
//! taken as the largest of all steps. This is a lower bound, which is exact where the errors of all steps are the same error.
//! Forecast errors of near steps nearly are: in the simulations of the tests the truth is at most three times as large. What
//! is left is corrected by calibration.
//!
//! | file | holds |
//! |---|---|
//! | `by_resource` | a value for CPU and one for memory |
//! | `prior` | the use of a pod of which only requests and limits are known |
//! | `horizon` | forecasts from the current step on, wider where they are old |
//! | `basis` | all that risk reads of forecasts and of calibration |
//! | `pod_demand`, `demand_sums` | what one pod adds to a node, and the sums over the pods of a node |
//! | `node_demand`, `added_demand` | the use of a node by step; the risk with one PE more, or some |
//! | `account` | the risk of a node for people |
//! | `normal` | the tail of the normal distribution |
//! | `calibration`, `curve`, `node_class` | stated probabilities, corrected by what happened |

mod account;
mod added_demand;
mod basis;
mod by_resource;
mod calibration;
mod curve;
mod demand_sums;
mod horizon;
mod node_class;
mod node_demand;
mod normal;
mod numbers;
mod pod_demand;
mod prior;

pub use added_demand::AddedDemand;
pub use basis::RiskBasis;
pub use by_resource::ByResource;
pub use calibration::{Calibration, InvalidCalibration, Observation};
pub use demand_sums::{DemandSums, JobSums};
pub use node_class::NodeClass;
pub use node_demand::{NodeDemand, WorstStep};
pub use pod_demand::PodDemand;
