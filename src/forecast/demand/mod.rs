//! The demand of PEs: samples of many PEs and nodes to forecasts by job and node.
//!
//! ```text
//! observation ─► step clock ─► usable samples ─► jobs: shares ─► total ─► series ─► path ─┐
//!                                          │                                              ├─► forecasts
//!                                          └──► nodes: use beside PEs ─► series ─► path ──┘
//! ```

mod accuracy;
mod grid;
mod job;
mod level;
mod limits;
mod node;
mod observation;
mod part;
mod path;
mod per_resource;
mod season_course;
mod series;
mod shares;
mod state;
mod step_clock;
mod stored;
mod usable;

pub use accuracy::{Accuracy, DemandAccuracy};
pub use grid::{DemandGrid, InvalidDemandGrid, MOST_SEASON_STEPS};
pub use limits::DemandLimits;
pub use observation::{Measured, NodeSample, Observation, PeIdentity, PeSample};
pub use per_resource::PerResource;
pub use state::{DemandCounts, DemandState};
pub use stored::{MOST_STATE_BYTES, StateError};
pub use usable::ObservationReport;
