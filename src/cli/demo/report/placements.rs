//! The placements of each job, with the reasons of the rejected nodes.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{CellAlignment, ColumnConstraint, Table, Width};

use super::super::outcome::{DemoJob, DemoOutcome, DemoPe};
use crate::cli::terminal::{GAP, Style, Terminal, cell};
use crate::model::Reason;

/// From this width on there is room for all columns.
const ROOMY: usize = 104;

/// A column of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Pe,
    PlacementSpec,
    Zone,
    Node,
    Crowding,
    Risk,
    BestOf,
    Rejected,
}

const FEW: &[Column] = &[Column::Pe, Column::PlacementSpec, Column::Node, Column::BestOf, Column::Rejected];
const ALL: &[Column] = &[
    Column::Pe,
    Column::PlacementSpec,
    Column::Node,
    Column::Zone,
    Column::Crowding,
    Column::Risk,
    Column::BestOf,
    Column::Rejected,
];

/// Writes one table for each job, and the meaning of the reasons.
pub(super) fn write(outcome: &DemoOutcome, terminal: &mut Terminal) {
    for job in &outcome.jobs {
        let placed = job.pes.iter().filter(|pe| pe.node.is_some()).count();
        terminal.heading(&format!("{} (policy {}): {placed} of {} placed", job.job, job.policy, job.pes.len()));
        let table = table(job, terminal);
        terminal.put(table);
    }
    reasons(outcome, terminal);
}

fn table(job: &DemoJob, terminal: &Terminal) -> Table {
    let columns = if terminal.columns() >= ROOMY { ALL } else { FEW };
    let mut table = terminal.table();
    table.set_header(columns.iter().map(|column| cell(column.title(), Style::Faint)));
    for pe in &job.pes {
        let style = |column: Column| if pe.node.is_some() { column.style() } else { Style::Wary };
        table.add_row(columns.iter().map(|column| cell(column.content(pe), style(*column))));
    }
    for (place, column) in columns.iter().enumerate() {
        let Some(target) = table.column_mut(place) else { continue };
        if let Some(widest) = column.widest() {
            target.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(widest + GAP)));
        }
        if column.is_number() {
            target.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Pe => "PE",
            Self::PlacementSpec => "ASKS FOR",
            Self::Zone => "ZONE",
            Self::Node => "NODE",
            Self::Crowding => "PES/CORE",
            Self::Risk => "RISK",
            Self::BestOf => "BEST OF",
            Self::Rejected => "REFUSED BY OUTRIGGER",
        }
    }

    fn content(self, pe: &DemoPe) -> String {
        match self {
            Self::Pe => pe.pe.clone(),
            Self::PlacementSpec => pe.spec.join(", "),
            Self::Zone => pe.zone.clone().unwrap_or_default(),
            Self::Node => pe.node.clone().unwrap_or_else(|| "none".to_owned()),
            Self::Crowding => number(pe, "crowding"),
            Self::Risk => number(pe, "risk"),
            Self::BestOf => pe.left.to_string(),
            Self::Rejected => rejected(&pe.rejected),
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Pe => Style::Strong,
            Self::Node => Style::Good,
            Self::Rejected | Self::Zone => Style::Faint,
            Self::PlacementSpec | Self::Crowding | Self::Risk | Self::BestOf => Style::Plain,
        }
    }

    /// The width beyond which names and constraints are broken; reasons get the rest of the line.
    fn widest(self) -> Option<u16> {
        match self {
            Self::Pe => Some(24),
            Self::PlacementSpec => Some(30),
            Self::Zone | Self::Node | Self::Crowding | Self::Risk | Self::BestOf | Self::Rejected => None,
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Crowding | Self::Risk | Self::BestOf)
    }
}

/// The reasons with their counts, the most frequent first; without spaces inside, so that they are not broken.
pub(super) fn rejected(rejected: &BTreeMap<String, usize>) -> String {
    let mut reasons: Vec<(&String, &usize)> = rejected.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    reasons.iter().map(|(reason, count)| format!("{reason}×{count}")).collect::<Vec<_>>().join(" ")
}

fn number(pe: &DemoPe, field: &str) -> String {
    let value = pe.record.as_ref().and_then(|record| record.get(field)).and_then(serde_json::Value::as_f64);
    value.map(|value| format!("{value:.2}")).unwrap_or_default()
}

/// Writes the meaning of each reason that occurs.
fn reasons(outcome: &DemoOutcome, terminal: &mut Terminal) {
    let seen: BTreeSet<&str> = outcome.pes().flat_map(|(_, pe)| pe.rejected.keys()).map(String::as_str).collect();
    terminal.heading("Reasons");
    let mut table = terminal.table();
    for reason in Reason::ALL.iter().filter(|reason| seen.contains(reason.as_str())) {
        table.add_row([cell(reason, Style::Wary), cell(reason.meaning(), Style::Plain)]);
    }
    terminal.put(table);
    terminal.paragraph(
        "BEST OF: how many nodes were left, first by kube-scheduler's own filters, then by Outrigger. The first in \
         Outrigger's ranking is taken.",
        Style::Faint,
    );
}
