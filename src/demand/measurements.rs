//! What a source measured of pods and nodes at one step, by the names that the source has for them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

use crate::forecast::demand::Measured;
use crate::policy::Measure;

/// What was measured at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Measurements {
    /// The end of the step.
    pub(super) at: Timestamp,
    /// By namespace and name of the pod.
    pub(super) pods: BTreeMap<PodReference, MeasuredPod>,
    /// By the name or the address that the source has for the node.
    pub(super) nodes: BTreeMap<Box<str>, Measured>,
    /// How many values were left out: negative ones, and what is not a number.
    pub(super) rejected: usize,
}

/// A pod, as sources name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PodReference {
    pub(super) namespace: Box<str>,
    pub(super) pod: Box<str>,
}

/// What was measured of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct MeasuredPod {
    pub(super) measured: Measured,
    /// The name or address of its node, where the source tells it.
    pub(super) node: Option<Box<str>>,
    /// The job of the pod, where a query keeps a label that says it.
    pub(super) job: Option<Box<str>>,
    /// The PE of the pod, where a query keeps a label that says it.
    pub(super) pe: Option<Box<str>>,
}

impl Measurements {
    /// No measurements of the step that ended at this time.
    pub(super) fn nothing(at: Timestamp) -> Self {
        Self { at, ..Self::default() }
    }

    /// True where nothing was measured.
    pub(super) fn is_empty(&self) -> bool {
        self.pods.is_empty() && self.nodes.is_empty()
    }

    /// The measurement of a pod, which is made where there is none.
    pub(super) fn pod(&mut self, reference: PodReference) -> &mut MeasuredPod {
        let at = self.at;
        let new = || MeasuredPod { measured: Measured { at, ..Measured::default() }, ..MeasuredPod::default() };
        self.pods.entry(reference).or_insert_with(new)
    }

    /// The measurement of a node, which is made where there is none.
    pub(super) fn node(&mut self, name: &str) -> &mut Measured {
        match self.nodes.entry(name.into()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Measured { at: self.at, ..Measured::default() }),
        }
    }
}

/// Adds one value of a series to a measurement, in the unit of the query. Values of several series of one pod or node are
/// added up; of pressures, the highest counts. False for a value that is negative or not a number: it says nothing.
pub(super) fn add(measured: &mut Measured, measure: Measure, value: f64) -> bool {
    /// CPU is queried in cores and forecast in millicores.
    const MILLICORES: f64 = 1_000.0;
    if !(value.is_finite() && value >= 0.0) {
        return false;
    }
    let sum = |known: Option<f64>, more: f64| Some(known.map_or(more, |known| known + more));
    match measure {
        Measure::Cpu => measured.cpu = sum(measured.cpu, value * MILLICORES),
        Measure::Memory => measured.memory = sum(measured.memory, value),
        Measure::InputRate => measured.input_rate = sum(measured.input_rate, value),
        Measure::CpuPressure => {
            measured.cpu_pressure = Some(measured.cpu_pressure.map_or(value, |known| known.max(value)));
        }
    }
    true
}
