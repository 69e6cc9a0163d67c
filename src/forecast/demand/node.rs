//! What is used on a node by everything that is no PE.

use serde::{Deserialize, Serialize};

use super::accuracy::Accuracy;
use super::grid::DemandGrid;
use super::job::{LEAST_CPU_DEVIATION, LEAST_MEMORY_DEVIATION};
use super::level::LevelForecaster;
use super::per_resource::PerResource;
use super::series::Series;
use crate::model::{DemandPath, OfResources};

/// What is used on one node by everything that is no PE: daemons, pods of no policy, the system. With 16 KB a series, 5,000
/// nodes would take 160 MB, so that the cheap forecaster serves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NodeState {
    cpu: Series<LevelForecaster>,
    memory: Series<LevelForecaster>,
    /// The last step at which the node was in an observation.
    pub(super) seen: i64,
}

/// Node and pods are measured at different moments: pods may together use this much more than their node.
const MOST_ABOVE_NODE: f64 = 0.1;

/// What others use on a node, by the use of the whole node and that of its PEs; `None` where one of them is unknown, or where
/// they contradict each other.
pub(super) fn others(node: Option<f64>, pes: Option<f64>) -> Option<f64> {
    let (node, pes) = node.zip(pes)?;
    (pes <= node * (1.0 + MOST_ABOVE_NODE)).then(|| (node - pes).max(0.0))
}

impl NodeState {
    /// A node that was first seen at a step.
    pub(super) fn new(seen: i64, grid: DemandGrid) -> Self {
        Self { cpu: Series::new(LEAST_CPU_DEVIATION, grid), memory: Series::new(LEAST_MEMORY_DEVIATION, grid), seen }
    }

    /// Learns what others used in a step.
    pub(super) fn observe(
        &mut self,
        used: PerResource<Option<f64>>,
        step: i64,
        grid: DemandGrid,
        accuracy: &mut PerResource<Accuracy>,
    ) {
        self.cpu.observe(step, used.cpu, grid, &mut accuracy.cpu);
        self.memory.observe(step, used.memory, grid, &mut accuracy.memory);
    }

    /// Makes the forecasts again, after the state was read.
    pub(super) fn forecast(&mut self, grid: DemandGrid) {
        self.cpu.forecast(grid);
        self.memory.forecast(grid);
    }

    pub(super) fn demand(&self) -> OfResources<DemandPath> {
        OfResources { cpu: self.cpu.path(), memory: self.memory.path() }
    }

    /// False where the state cannot be one of this grid after the step `last`: it was read from a damaged file.
    pub(super) fn is_valid(&self, last: i64, grid: DemandGrid) -> bool {
        self.cpu.is_valid(last, grid) && self.memory.is_valid(last, grid)
    }
}
