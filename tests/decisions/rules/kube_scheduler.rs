//! kube-scheduler's default scoring: `NodeResourcesFit` (least allocated), `NodeResourcesBalancedAllocation`, and
//! `PodTopologySpread` by host with weight 2, as its default plugins have it.

use super::{Rule, best};
use crate::view::{PeId, View};
use crate::workload::{NODE_CPU, NODE_MEMORY};

#[derive(Debug)]
pub(crate) struct KubeScheduler;

impl Rule for KubeScheduler {
    fn name(&self) -> &'static str {
        "kube-scheduler"
    }

    fn choose(&mut self, view: &View<'_>, id: PeId, feasible: &[usize]) -> Option<usize> {
        let pe = view.pe(id);
        let siblings = |index: usize| view.nodes[index].pes.iter().filter(|(job, _)| *job == id.0).count() as f64;
        let most = feasible.iter().map(|index| siblings(*index)).fold(0.0, f64::max);
        best(feasible, |index| {
            let node = &view.nodes[index];
            let cpu = (node.requested + pe.request) / NODE_CPU;
            let memory = (node.memory_requested + pe.memory_request) / NODE_MEMORY;
            let least_allocated = 100.0 * (2.0 - cpu - memory) / 2.0;
            let balanced = 100.0 * (1.0 - (cpu - memory).abs() / 2.0);
            let spread = if most > 0.0 { 100.0 * (most - siblings(index)) / most } else { 100.0 };
            2.0_f64.mul_add(spread, least_allocated + balanced)
        })
    }
}
