//! The outcome as a table.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{CellAlignment, ColumnConstraint, Table, Width};

use crate::cli::terminal::{GAP, Style, Terminal, cell};
use crate::model::Reason;
use crate::simulate::{Chart, ReasonCode, SimulatedJob, SimulatedPe, SimulationOutcome};

/// Longer names are broken.
const NAMES: u16 = 44;

/// Writes the PEs that wait with their reasons, then jobs and nodes.
pub(super) fn write(outcome: &SimulationOutcome, terminal: &mut Terminal) {
    placements(outcome, terminal);
    jobs(&outcome.jobs, terminal);
    nodes(outcome, terminal);
    demand(outcome, terminal);
    reasons(outcome, terminal);
    summary(outcome, terminal);
}

fn placements(outcome: &SimulationOutcome, terminal: &mut Terminal) {
    terminal.heading("Placements");
    let mut table = terminal.table();
    table.set_header(["PE", "NODE", "SCORE", "BEST OF", "WHY NOT"].map(|title| cell(title, Style::Faint)));
    for placement in &outcome.placements {
        table.add_row(row(placement, outcome.nodes.len()));
    }
    narrow(&mut table, 0, NAMES);
    right(&mut table, 2);
    right(&mut table, 3);
    terminal.put(table);
}

/// A PE that was bound before has no score: the simulation did not place it.
fn row(placement: &SimulatedPe, nodes: usize) -> [comfy_table::Cell; 5] {
    let rejected: usize = placement.reasons.values().sum();
    let left = nodes.saturating_sub(rejected);
    let decided = placement.node.is_none() || placement.score > 0.0;
    let (style, node) = placement.node.as_ref().map_or((Style::Wary, "none"), |node| (Style::Good, node.as_str()));
    let score = if placement.score > 0.0 { format!("{:.2}", placement.score) } else { String::new() };
    let why = if placement.node.is_none() { counted(&placement.reasons) } else { String::new() };
    [
        cell(&placement.pod, if placement.node.is_none() { Style::Wary } else { Style::Plain }),
        cell(node, style),
        cell(score, Style::Plain),
        cell(if decided { left.to_string() } else { "bound".to_owned() }, Style::Faint),
        cell(why, Style::Faint),
    ]
}

/// The reasons with their counts, the most frequent first; without spaces inside, so that they are not broken.
fn counted(reasons: &BTreeMap<ReasonCode, usize>) -> String {
    let mut reasons: Vec<(&ReasonCode, &usize)> = reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    reasons.iter().map(|(ReasonCode(reason), count)| format!("{reason}×{count}")).collect::<Vec<_>>().join(" ")
}

fn jobs(jobs: &[SimulatedJob], terminal: &mut Terminal) {
    terminal.heading("Jobs");
    let mut table = terminal.table();
    let with_regions = jobs.iter().any(|job| !job.parallel_regions.is_empty());
    let titles = ["JOB", "PLACED", "CUT TRAFFIC"].into_iter().chain(with_regions.then_some("PARALLEL REGIONS"));
    table.set_header(titles.map(|title| cell(title, Style::Faint)));
    for job in jobs {
        let style = if job.placed == job.of { Style::Good } else { Style::Wary };
        let regions: Vec<String> = job.parallel_regions.iter().map(|(name, width)| format!("{name}×{width}")).collect();
        let cells = [
            cell(&job.job, Style::Plain),
            cell(format!("{} of {}", job.placed, job.of), style),
            cell(format!("{:.0} %", job.cut_traffic * 100.0), Style::Plain),
        ];
        table.add_row(cells.into_iter().chain(with_regions.then(|| cell(regions.join(" "), Style::Faint))));
    }
    narrow(&mut table, 0, NAMES);
    right(&mut table, 1);
    right(&mut table, 2);
    terminal.put(table);
}

fn nodes(outcome: &SimulationOutcome, terminal: &mut Terminal) {
    terminal.heading("Nodes");
    let mut table = terminal.table();
    table.set_header(["NODE", "PES", "CPU REQUESTED", "RISK", "HOLDS"].map(|title| cell(title, Style::Faint)));
    let mut empty = 0_usize;
    for (at, node) in outcome.nodes.iter().enumerate() {
        if node.pes == 0 {
            empty += 1;
            continue;
        }
        table.add_row([
            cell(&node.node, Style::Plain),
            cell(node.pes, Style::Plain),
            cell(&node.cpu_requested, Style::Plain),
            cell(format!("{:.2}", node.risk), if node.risk > 0.0 { Style::Wary } else { Style::Plain }),
            cell(held(&outcome.chart, at), Style::Faint),
        ]);
    }
    narrow(&mut table, 0, NAMES);
    for column in 1..=3 {
        right(&mut table, column);
    }
    terminal.put(table);
    if empty > 0 {
        terminal.paragraph(&format!("Nodes without a PE: {empty}."), Style::Faint);
    }
}

/// The parts of the risk of each node with a PE, where demand is known.
fn demand(outcome: &SimulationOutcome, terminal: &mut Terminal) {
    let told = outcome.nodes.iter().filter(|node| node.pes > 0);
    let told: Vec<_> = told.filter_map(|node| Some((&node.node, node.demand.as_ref()?))).collect();
    if told.is_empty() {
        return;
    }
    terminal.heading("Risk by demand");
    let mut table = terminal.table();
    for (node, risk) in told {
        table.add_row([cell(node, Style::Plain), cell(risk, Style::Plain)]);
    }
    narrow(&mut table, 0, NAMES);
    terminal.put(table);
}

/// How many PEs of each job a node holds.
fn held(chart: &Chart, node: usize) -> String {
    let mut jobs: BTreeMap<usize, usize> = BTreeMap::new();
    for pe in chart.pes.iter().filter(|pe| pe.node == Some(node)) {
        *jobs.entry(pe.job).or_default() += 1;
    }
    let named = |(job, count): (&usize, &usize)| Some(format!("{}×{count}", chart.jobs.get(*job)?));
    jobs.iter().filter_map(named).collect::<Vec<_>>().join(" ")
}

/// Writes the meaning of each reason that occurs.
fn reasons(outcome: &SimulationOutcome, terminal: &mut Terminal) {
    let waiting = outcome.placements.iter().filter(|placement| placement.node.is_none());
    let seen: BTreeSet<Reason> =
        waiting.flat_map(|placement| placement.reasons.keys()).map(|ReasonCode(reason)| *reason).collect();
    if seen.is_empty() {
        return;
    }
    terminal.heading("Reasons");
    let mut table = terminal.table();
    for reason in seen {
        table.add_row([cell(reason, Style::Wary), cell(reason.meaning(), Style::Plain)]);
    }
    terminal.put(table);
    for (job, conflict) in &outcome.conflicts {
        terminal.line("");
        terminal.paragraph(&format!("Gang {job}: {conflict}."), Style::Wary);
    }
}

fn summary(outcome: &SimulationOutcome, terminal: &mut Terminal) {
    let of = outcome.placements.len();
    let placed = outcome.placements.iter().filter(|placement| placement.node.is_some()).count();
    terminal.line("");
    let style = if placed == of { Style::Good } else { Style::Wary };
    let line = terminal.paint(format!("{placed} of {of} PEs of the workload are placed."), style);
    terminal.line(&line);
}

fn narrow(table: &mut Table, column: usize, widest: u16) {
    if let Some(column) = table.column_mut(column) {
        column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(widest + GAP)));
    }
}

fn right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
