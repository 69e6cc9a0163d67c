//! What a simulation is given, and what is read of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{DemandForecasts, Load, NodeName};
use crate::policy::PolicySet;
use crate::simulate::{Input, SimulationMode};

/// The input, and notes about it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) input: Input,
    /// Notes for the user on what was left out.
    pub(super) notes: Vec<String>,
}

/// The files of an input.
#[derive(Clone, Copy, Debug)]
pub(super) struct InputFiles<'a> {
    pub(super) cluster: &'a [PathBuf],
    pub(super) workload: &'a [PathBuf],
}

/// What the flags set beside the files.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) policies: PolicySet,
    /// The time of every decision; `None`: the time of the input.
    pub(super) now: Option<Timestamp>,
    pub(super) mode: SimulationMode,
    /// The loads of nodes in the load file.
    pub(super) loads: BTreeMap<NodeName, Load>,
    /// What PEs and nodes are expected to use; `None`: nothing was measured.
    pub(super) demand: Option<Arc<DemandForecasts>>,
}
