//! What a rule sees of the cluster: what every scheduler may know.

use std::collections::BTreeMap;

use crate::workload::{NODE_CPU, NODE_MEMORY, Pe, Workload};

/// The number of the job, and of the PE within the job.
pub(crate) type PeId = (usize, usize);

/// How many samples of 5 minutes rules may look back: a day.
const MOST_HISTORY: usize = 288;

#[derive(Debug, Default)]
pub(crate) struct NodeView {
    pub(crate) pes: Vec<PeId>,
    /// The sums of requests and limits of CPU, and of requests of memory.
    pub(crate) requested: f64,
    pub(crate) limits: f64,
    pub(crate) memory_requested: f64,
    /// The use of CPU in the last steps, the newest last.
    pub(crate) measured: Vec<f64>,
    /// The requests and limits of PEs that came since the last measurement.
    pub(crate) unmeasured: Vec<(f64, f64)>,
}

#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) nodes: Vec<NodeView>,
    /// The use of CPU of each PE since it was placed, the newest last.
    pub(crate) history: BTreeMap<PeId, Vec<f64>>,
    /// The node of each placed PE.
    pub(crate) places: BTreeMap<PeId, usize>,
}

impl<'a> View<'a> {
    pub(crate) fn new(workload: &'a Workload, nodes: usize) -> Self {
        let nodes = (0..nodes).map(|_| NodeView::default()).collect();
        Self { workload, nodes, history: BTreeMap::new(), places: BTreeMap::new() }
    }

    pub(crate) fn pe(&self, (job, pe): PeId) -> &'a Pe {
        &self.workload.jobs[job].pes[pe]
    }

    /// The nodes with room for the requests of a PE.
    pub(crate) fn feasible(&self, id: PeId) -> Vec<usize> {
        let pe = self.pe(id);
        let fits = |node: &NodeView| {
            node.requested + pe.request <= NODE_CPU && node.memory_requested + pe.memory_request <= NODE_MEMORY
        };
        (0..self.nodes.len()).filter(|index| fits(&self.nodes[*index])).collect()
    }

    pub(crate) fn place(&mut self, id: PeId, index: usize) {
        let pe = self.pe(id);
        let node = &mut self.nodes[index];
        node.pes.push(id);
        node.requested += pe.request;
        node.limits += pe.limit;
        node.memory_requested += pe.memory_request;
        node.unmeasured.push((pe.request, pe.limit));
        self.places.insert(id, index);
    }

    pub(crate) fn remove(&mut self, id: PeId) {
        let pe = self.pe(id);
        self.history.remove(&id);
        let Some(index) = self.places.remove(&id) else { return };
        let node = &mut self.nodes[index];
        node.pes.retain(|known| *known != id);
        node.requested -= pe.request;
        node.limits -= pe.limit;
        node.memory_requested -= pe.memory_request;
    }

    /// Takes the measurements of a step: the use of each placed PE.
    pub(crate) fn measure(&mut self, uses: &BTreeMap<PeId, f64>) {
        for (id, used) in uses {
            push(self.history.entry(*id).or_default(), *used);
        }
        for node in &mut self.nodes {
            let used = node.pes.iter().filter_map(|id| uses.get(id)).sum();
            push(&mut node.measured, used);
            node.unmeasured.clear();
        }
    }
}

fn push(history: &mut Vec<f64>, value: f64) {
    if history.len() == MOST_HISTORY {
        history.remove(0);
    }
    history.push(value);
}
