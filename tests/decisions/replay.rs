//! Replays a workload under a rule, and counts what came of its choices.

use std::collections::BTreeMap;

use crate::rules::Rule;
use crate::series::Shapes;
use crate::view::{PeId, View};
use crate::workload::{NODE_CPU, STEPS, Turn, Workload};

/// Minutes of a step.
const MINUTES: usize = 5;
/// How often the risk of all nodes is stated: each hour.
const STATEMENT_STEPS: usize = 12;

/// What came of the choices of a rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// The minutes that nodes were overloaded, of all nodes together.
    pub(crate) overload_minutes: usize,
    /// The same of the node that was overloaded longest.
    pub(crate) worst_node_minutes: usize,
    /// The highest use of a node as a share of its capacity.
    pub(crate) highest_use: f64,
    /// The mean number of nodes with PEs.
    pub(crate) nodes_used: f64,
    /// PEs that found no node.
    pub(crate) unplaced: usize,
    /// What was stated of nodes, and whether it happened.
    pub(crate) judged: Vec<(f64, bool)>,
}

/// A statement that is not judged yet.
struct Open {
    made_at: usize,
    node: usize,
    risk: f64,
    /// The PEs on the node when the statement was made.
    pes: Vec<PeId>,
}

pub(crate) fn replay(shapes: &Shapes, workload: &Workload, nodes: usize, rule: &mut dyn Rule) -> Outcome {
    let mut view = View::new(workload, nodes);
    let mut outcome = Outcome::default();
    let mut minutes = vec![0; nodes];
    let mut last_overload: Vec<Option<usize>> = vec![None; nodes];
    let mut open: Vec<Open> = Vec::new();
    for step in 0..STEPS {
        turn(&mut view, rule, &mut outcome, step);
        let uses: BTreeMap<PeId, f64> = view.places.keys().map(|id| (*id, workload.cpu(shapes, *id, step))).collect();
        for (index, node) in view.nodes.iter().enumerate() {
            let used = node.pes.iter().map(|id| uses[id]).sum::<f64>() / NODE_CPU;
            outcome.highest_use = outcome.highest_use.max(used);
            outcome.nodes_used += f64::from(u8::from(!node.pes.is_empty())) / STEPS as f64;
            if used >= 1.0 {
                minutes[index] += MINUTES;
                last_overload[index] = Some(step);
            }
        }
        judge(&mut open, &mut outcome, &view, &last_overload, (step, rule.horizon()));
        view.measure(&uses);
        rule.measured(&view, step, &uses);
        if step % STATEMENT_STEPS == 0 {
            let statements = rule.statements().into_iter();
            open.extend(statements.map(|statement| Open {
                made_at: step,
                node: statement.node,
                risk: statement.risk,
                pes: view.nodes[statement.node].pes.clone(),
            }));
        }
    }
    outcome.overload_minutes = minutes.iter().sum();
    outcome.worst_node_minutes = minutes.into_iter().max().unwrap_or(0);
    outcome
}

/// The jobs that end and start at a step.
fn turn(view: &mut View<'_>, rule: &mut dyn Rule, outcome: &mut Outcome, step: usize) {
    let workload = view.workload;
    let jobs = || workload.jobs.iter().enumerate().map(|(number, job)| (number, job, job.turn_at(step)));
    for (number, job, _) in jobs().filter(|(.., turn)| *turn == Some(Turn::Ends)) {
        for id in (0..job.pes.len()).map(|pe| (number, pe)) {
            if view.places.contains_key(&id) {
                view.remove(id);
                rule.ended(id);
            }
        }
    }
    for (number, job, _) in jobs().filter(|(.., turn)| *turn == Some(Turn::Starts)) {
        for id in (0..job.pes.len()).map(|pe| (number, pe)) {
            let feasible = view.feasible(id);
            match rule.choose(view, id, &feasible) {
                Some(node) => {
                    view.place(id, node);
                    rule.placed(view, id, node);
                }
                None => outcome.unplaced += 1,
            }
        }
    }
}

/// Judges the statements whose horizon is over. A statement about a node whose PEs have changed is not judged.
fn judge(
    open: &mut Vec<Open>,
    outcome: &mut Outcome,
    view: &View<'_>,
    last_overload: &[Option<usize>],
    (step, horizon): (usize, usize),
) {
    open.retain(|statement| statement.pes == view.nodes[statement.node].pes);
    let (over, still_open): (Vec<Open>, Vec<Open>) =
        open.drain(..).partition(|statement| statement.made_at + horizon <= step);
    outcome.judged.extend(over.into_iter().map(|statement| {
        let happened = last_overload[statement.node].is_some_and(|last| last > statement.made_at);
        (statement.risk, happened)
    }));
    *open = still_open;
}
