//! `TargetLoadPacking` of kubernetes-sigs/scheduler-plugins, with its defaults: a target of 40 %.

use super::{Rule, best};
use crate::view::{PeId, View};
use crate::workload::NODE_CPU;

const TARGET: f64 = 40.0;
/// The collector's longest window: 15 minutes.
const WINDOW: usize = 3;

#[derive(Debug)]
pub(crate) struct TargetLoadPacking;

impl Rule for TargetLoadPacking {
    fn name(&self) -> &'static str {
        "TargetLoadPacking"
    }

    fn choose(&mut self, view: &View<'_>, id: PeId, feasible: &[usize]) -> Option<usize> {
        // A container with a limit is predicted to use its limit.
        let pe = view.pe(id).limit;
        best(feasible, |index| {
            let node = &view.nodes[index];
            let window = &node.measured[node.measured.len().saturating_sub(WINDOW)..];
            let measured = window.iter().sum::<f64>() / window.len().max(1) as f64;
            let missing: f64 = node.unmeasured.iter().map(|(_, limit)| limit).sum();
            let percent = 100.0 * (measured + pe + missing) / NODE_CPU;
            if percent <= TARGET {
                (100.0 - TARGET).mul_add(percent / TARGET, TARGET)
            } else if percent <= 100.0 {
                TARGET * (100.0 - percent) / (100.0 - TARGET)
            } else {
                0.0
            }
        })
    }
}
