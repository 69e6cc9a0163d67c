//! The demand of PEs: samples of many PEs and nodes to forecasts by job and node.

mod observation;

pub use observation::{Measured, NodeSample, Observation, PeIdentity, PeSample};
