//! The measurements of a step to an observation: of PEs by their jobs, and of nodes by their names in the cluster.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::attribution::{AttributedPe, Attribution};
use super::known::KnownCluster;
use super::measurements::{MeasuredPod, Measurements, PodReference};
use crate::forecast::demand::{Measured, NodeSample, Observation, PeIdentity, PeSample};
use crate::model::{DemandKey, NodeName};
use crate::state::Snapshot;

/// The names and addresses of nodes.
pub(super) struct NodeNames(BTreeMap<Box<str>, NodeName>);

impl NodeNames {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut names = BTreeMap::new();
        for (_, state, node) in snapshot.nodes() {
            for address in &node.addresses {
                names.insert(address.clone(), state.name.clone());
            }
        }
        // A name counts more than an address of another node.
        for (_, state, _) in snapshot.nodes() {
            names.insert(state.name.as_str().into(), state.name.clone());
        }
        Self(names)
    }

    /// The node of a name or an address.
    pub(super) fn find(&self, name: &str) -> Option<&NodeName> {
        self.0.get(name)
    }
}

/// What is known of the cluster when measurements are read.
pub(super) struct Observer {
    attribution: Attribution,
    names: NodeNames,
    /// Every node that the cluster has.
    nodes: Vec<NodeName>,
}

impl Observer {
    pub(super) fn of(known: &KnownCluster) -> Self {
        let snapshot = &known.snapshot;
        Self {
            attribution: Attribution::to(&known.pes),
            names: NodeNames::of(snapshot),
            nodes: snapshot.nodes().map(|(_, state, _)| state.name.clone()).collect(),
        }
    }

    /// The observation of a step: every PE that is there and had been created at its end, every node, and what was measured
    /// of PEs that are gone.
    ///
    /// A measurement of a pod that no policy governs is left out: it counts within the use of its node.
    pub(super) fn observe(&self, measurements: &Measurements) -> Observation {
        let at = measurements.at;
        let is_there = |created: Timestamp| created <= at;
        let unmeasured = Measured { at, ..Measured::default() };
        let mut pes = Vec::new();
        for (reference, known) in self.attribution.pods() {
            let measured = measurements.pods.get(reference);
            // A pod of the same name may have been there before this one.
            if measured.is_none() && !is_there(known.pe.pod.created) {
                continue;
            }
            let node = known.node.clone().filter(|_| is_there(known.pe.pod.created));
            pes.push(PeSample {
                job: DemandKey::from(&known.pe.job),
                pe: PeIdentity::from(&*known.pe),
                pod: known.pe.pod.key.name.clone(),
                node: node.or_else(|| self.measured_node(measured)),
                measured: measured.map_or(unmeasured, |pod| pod.measured),
            });
        }
        pes.extend(measurements.pods.iter().filter_map(|(reference, pod)| self.departed(reference, pod)));
        Observation { at, pes, nodes: self.observe_nodes(measurements) }
    }

    /// The sample of a pod that is not there any more; `None` for a pod that is there, and where the job is unknown.
    fn departed(&self, reference: &PodReference, pod: &MeasuredPod) -> Option<PeSample> {
        if self.attribution.known(reference).is_some() {
            return None;
        }
        let AttributedPe { job, pe } = self.attribution.departed(reference, pod)?;
        let node = self.measured_node(Some(pod));
        Some(PeSample { job, pe, pod: (&*reference.pod).into(), node, measured: pod.measured })
    }

    fn measured_node(&self, pod: Option<&MeasuredPod>) -> Option<NodeName> {
        self.names.find(pod?.node.as_deref()?).cloned()
    }

    fn observe_nodes(&self, measurements: &Measurements) -> Vec<NodeSample> {
        let mut measured: BTreeMap<&NodeName, Measured> = BTreeMap::new();
        for (name, of_node) in &measurements.nodes {
            if let Some(node) = self.names.find(name) {
                measured.entry(node).or_insert(*of_node);
            }
        }
        let none = Measured { at: measurements.at, ..Measured::default() };
        let sample = |node: &NodeName| {
            let measured = measured.get(node).copied().unwrap_or(none);
            NodeSample { node: node.clone(), measured }
        };
        self.nodes.iter().map(sample).collect()
    }
}

#[cfg(test)]
#[path = "tests/observe.rs"]
mod tests;
