//! Demand as it is measured: a source is read at each step, what it measured is learnt, and forecasts are applied.
//!
//! ```text
//! metrics.k8s.io ─┐
//!                 ├─► measurements ─► observe: PEs and nodes ─► state of demand ─► forecasts ─► Event::Demand
//! Prometheus ─────┘                        │                        ▲
//!                                          └─► Event::Loads         └── state folder, past of Prometheus
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `source` | what every source can be asked |
//! | `metrics_api`, `prometheus` | the sources |
//! | `measurements` | what a source measured, by the names that it has for pods and nodes |
//! | `known` | the PEs and nodes of a moment |
//! | `attribution` | which PE of which job a pod runs, also where the pod is gone |
//! | `observe` | measurements to observations |
//! | `node_load` | loads for load protection, and observed overload |
//! | `step` | what follows from the measurements of one step |
//! | `past` | the past of a source, read in parts |
//! | `state_folder` | what was learnt, kept in a folder |
//! | `steps`, `backoff` | when a source is read |
//! | `status` | the newest samples, for metrics |
//! | `follow` | the loop |

mod attribution;
mod backoff;
mod follow;
mod known;
mod measurements;
mod metrics_api;
mod node_load;
mod observe;
mod past;
mod prometheus;
mod source;
mod state_folder;
mod status;
mod step;
mod steps;

pub(crate) use follow::{DemandFeed, DemandFeedParts};
pub(crate) use state_folder::StateFolder;
pub(crate) use status::{DemandStatus, NewestSamples};
