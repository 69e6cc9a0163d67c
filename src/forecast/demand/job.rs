//! The demand of one job: a series for each resource, and the shares of its PEs.

use serde::{Deserialize, Serialize};

use super::accuracy::Accuracy;
use super::grid::DemandGrid;
use super::level::LevelForecaster;
use super::per_resource::{PerResource, Resource};
use super::series::Series;
use super::shares::{PodUse, Shares, StepDemand};
use crate::forecast::forecaster::Forecaster;
use crate::forecast::precision::Compact;
use crate::model::{JobDemand, OfResources};

/// The demand of one job. The memory of a job follows its load slowly, so that the cheap forecaster serves, and the state of a
/// job is half as large.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct JobState {
    cpu: Series<Forecaster<Compact>>,
    memory: Series<LevelForecaster>,
    pub(super) shares: Shares,
    /// The last step at which the job had a pod.
    pub(super) seen: i64,
}

/// The standard deviation of a use of CPU is at least this, in millicores.
pub(super) const LEAST_CPU_DEVIATION: f64 = 1.0;
/// The standard deviation of a use of memory is at least this, in bytes.
pub(super) const LEAST_MEMORY_DEVIATION: f64 = 1_048_576.0;

impl JobState {
    pub(super) fn new(grid: DemandGrid) -> Self {
        Self {
            cpu: Series::new(LEAST_CPU_DEVIATION, grid),
            memory: Series::new(LEAST_MEMORY_DEVIATION, grid),
            shares: Shares::default(),
            seen: 0,
        }
    }

    /// Learns what the pods of the job used in a step; none: the job has no pod.
    pub(super) fn observe(
        &mut self,
        pods: &[PodUse<'_>],
        step: i64,
        grid: DemandGrid,
        accuracy: &mut PerResource<Accuracy>,
    ) -> PerResource<StepDemand> {
        if !pods.is_empty() {
            self.seen = step;
            self.shares.see(pods, step);
        }
        let cpu = self.shares.learn(pods, Resource::Cpu);
        let memory = self.shares.learn(pods, Resource::Memory);
        self.cpu.observe(step, cpu.total, grid, &mut accuracy.cpu);
        self.memory.observe(step, memory.total, grid, &mut accuracy.memory);
        PerResource { cpu, memory }
    }

    /// Makes the forecasts again, after the state was read.
    pub(super) fn forecast(&mut self, grid: DemandGrid) {
        self.cpu.forecast(grid);
        self.memory.forecast(grid);
    }

    pub(super) fn demand(&self, grid: DemandGrid) -> JobDemand {
        let mut demand = JobDemand {
            total: OfResources { cpu: self.cpu.path(), memory: self.memory.path() },
            history: OfResources { cpu: self.cpu.history(grid), memory: self.memory.history(grid) },
            ..JobDemand::default()
        };
        self.shares.add_to(&mut demand);
        demand
    }

    /// False where the state cannot be one of this grid after the step `last`: it was read from a damaged file.
    pub(super) fn is_valid(&self, last: i64, grid: DemandGrid) -> bool {
        self.cpu.is_valid(last, grid) && self.memory.is_valid(last, grid)
    }
}
