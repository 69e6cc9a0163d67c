//! What is learnt at one step, beside the tasks of the runtime: 50,000 PEs take a while.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::known::KnownCluster;
use super::measurements::Measurements;
use super::node_load::{ObservedNodes, OverloadedResource, loads, observed_overload};
use super::observe::Observer;
use crate::forecast::demand::{DemandState, Measured, Observation, ObservationReport};
use crate::model::{DemandForecasts, Load, NodeName, Percent};

/// What follows from the measurements of a step.
#[derive(Debug)]
pub(super) struct LearntStep {
    pub(super) forecasts: Arc<DemandForecasts>,
    pub(super) loads: BTreeMap<NodeName, Load>,
    pub(super) overload: BTreeMap<OverloadedResource, ObservedNodes>,
    pub(super) report: ObservationReport,
    /// The time of the newest value; `None` where there is none.
    pub(super) newest: Option<Timestamp>,
}

/// Learns the measurements of one step, and forecasts from there.
pub(super) fn learn(
    state: &mut DemandState,
    known: &KnownCluster,
    measurements: &Measurements,
    most_pressure: Percent,
) -> LearntStep {
    let observation = Observer::of(known).observe(measurements);
    let report = state.observe(&observation);
    LearntStep {
        report,
        forecasts: Arc::new(state.forecasts()),
        loads: loads(&observation.nodes, &known.snapshot),
        overload: observed_overload(&observation.nodes, &known.snapshot, most_pressure),
        newest: newest(&observation),
    }
}

/// Learns steps of the past, in the order of time.
pub(super) fn learn_past(state: &mut DemandState, known: &KnownCluster, past: &[Measurements]) {
    let observer = Observer::of(known);
    // A step without any measurement is missing, which the state sees by itself.
    for measurements in past.iter().filter(|measurements| !measurements.is_empty()) {
        state.observe(&observer.observe(measurements));
    }
}

/// The load of nodes alone, between two steps.
pub(super) fn node_loads(known: &KnownCluster, measurements: &Measurements) -> BTreeMap<NodeName, Load> {
    loads(&Observer::of(known).observe(measurements).nodes, &known.snapshot)
}

fn newest(observation: &Observation) -> Option<Timestamp> {
    let of_pes = observation.pes.iter().map(|sample| &sample.measured);
    let all = of_pes.chain(observation.nodes.iter().map(|sample| &sample.measured));
    let has_value = |measured: &&Measured| measured.cpu.is_some() || measured.memory.is_some();
    all.filter(has_value).map(|measured| measured.at).max()
}

#[cfg(test)]
#[path = "tests/step.rs"]
mod tests;
