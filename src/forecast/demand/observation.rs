//! What was measured in one step: the contract between the sources of measurements and the forecasts of demand.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{DemandKey, NodeName, Pe, PodName};

/// What was measured of PEs and nodes in one step.
///
/// Sources give one observation a step, in the order of time. The past is learnt in the same way: one observation for each
/// step of the past, the oldest first, before the first one of the present.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// The time of the observation.
    pub at: Timestamp,
    /// The pods of PEs that have not ended, each once: also those without a measurement, whose part of the demand of the job
    /// would else be taken as zero.
    pub pes: Vec<PeSample>,
    /// The nodes, each once; also those without a measurement.
    pub nodes: Vec<NodeSample>,
}

/// What was measured of the pod of one PE.
#[derive(Clone, Debug, PartialEq)]
pub struct PeSample {
    /// The job of the PE.
    pub job: DemandKey,
    /// Which PE of the job the pod runs.
    pub pe: PeIdentity,
    /// The name of the pod: of two samples of one pod, the later one counts.
    pub pod: PodName,
    /// The node of the pod; `None` where the pod waits for a node.
    pub node: Option<NodeName>,
    /// What was measured.
    pub measured: Measured,
}

/// Which PE of its job a pod runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeIdentity {
    /// The PE of this name, which outlives the pod.
    Named(Arc<str>),
    /// One that is interchangeable with others of the job, such as a task manager of Flink.
    Interchangeable,
}

impl From<&Pe> for PeIdentity {
    fn from(pe: &Pe) -> Self {
        if pe.has_lasting_name() { Self::Named(Arc::clone(&pe.name)) } else { Self::Interchangeable }
    }
}

/// What was measured of one node: the use of everything on the node, PEs and others.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSample {
    /// The node.
    pub node: NodeName,
    /// What was measured.
    pub measured: Measured,
}

/// One measurement of a pod or node. `None`: no data, which is not zero.
///
/// A value that is negative or no number is no data: a negative rate is a counter that was reset. A measurement that is more
/// than a step older than its observation, or more than a step newer, is no data.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// The time of the measurement: the end of the window that a rate was measured over.
    pub at: Timestamp,
    /// CPU that was used, in millicores.
    pub cpu: Option<f64>,
    /// Memory that cannot be reclaimed (the working set), in bytes.
    pub memory: Option<f64>,
    /// The share of the time in which some task waited for a CPU, from 0 to 1 (pressure stall information). Not forecast.
    pub cpu_pressure: Option<f64>,
    /// Records a second that the PE took in. Not forecast.
    pub input_rate: Option<f64>,
}
