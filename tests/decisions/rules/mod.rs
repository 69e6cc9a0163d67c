//! The rules that are compared. Each chooses one of the nodes that have room for the requests of a PE.

mod kube_scheduler;
mod low_risk;
mod outrigger;
mod peak_prediction;
mod target_load;

use std::collections::BTreeMap;

pub(crate) use kube_scheduler::KubeScheduler;
pub(crate) use low_risk::LowRiskOverCommitment;
pub(crate) use outrigger::Outrigger;
pub(crate) use peak_prediction::{PeakPrediction, Predictor};
pub(crate) use target_load::TargetLoadPacking;

use crate::view::{PeId, View};

/// What a rule has stated about a node: the probability that the node is overloaded within the horizon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statement {
    pub(crate) node: usize,
    pub(crate) risk: f64,
}

pub(crate) trait Rule {
    fn name(&self) -> &'static str;

    /// One of the nodes that are feasible; `None` where the rule rejects all of them.
    fn choose(&mut self, view: &View<'_>, id: PeId, feasible: &[usize]) -> Option<usize>;

    /// The PE was placed.
    fn placed(&mut self, _view: &View<'_>, _id: PeId, _node: usize) {}

    /// The PE has ended.
    fn ended(&mut self, _id: PeId) {}

    /// The uses of CPU in a step were measured.
    fn measured(&mut self, _view: &View<'_>, _step: usize, _uses: &BTreeMap<PeId, f64>) {}

    /// What the rule states about the nodes now.
    fn statements(&self) -> Vec<Statement> {
        Vec::new()
    }

    /// How many steps ahead statements reach.
    fn horizon(&self) -> usize {
        0
    }
}

/// The node with the highest score, of equals the first.
pub(crate) fn best(feasible: &[usize], score: impl Fn(usize) -> f64) -> Option<usize> {
    feasible.iter().copied().rev().max_by(|one, other| score(*one).total_cmp(&score(*other)))
}
