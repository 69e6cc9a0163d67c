//! Which PE is where, and why not elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{CellAlignment, ColumnConstraint, Table, Width};

use super::super::account::{Account, JobAccount, PeAccount};
use crate::cli::paper::{GAP, Ink, Paper, cell};
use crate::model::Reason;

/// From this width on there is room for all columns.
const ROOMY: usize = 104;

/// A column of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Pe,
    Wishes,
    Zone,
    Node,
    Crowding,
    Risk,
    BestOf,
    Refused,
}

const FEW: &[Column] = &[Column::Pe, Column::Wishes, Column::Node, Column::BestOf, Column::Refused];
const ALL: &[Column] = &[
    Column::Pe,
    Column::Wishes,
    Column::Node,
    Column::Zone,
    Column::Crowding,
    Column::Risk,
    Column::BestOf,
    Column::Refused,
];

/// Writes one table a job, and what the reasons in them mean.
pub(super) fn write(account: &Account, paper: &mut Paper) {
    for job in &account.jobs {
        let placed = job.pes.iter().filter(|pe| pe.node.is_some()).count();
        paper.heading(&format!("{} (policy {}): {placed} of {} placed", job.job, job.policy, job.pes.len()));
        let table = table(job, paper);
        paper.put(table);
    }
    reasons(account, paper);
}

fn table(job: &JobAccount, paper: &Paper) -> Table {
    let columns = if paper.columns() >= ROOMY { ALL } else { FEW };
    let mut table = paper.table();
    table.set_header(columns.iter().map(|column| cell(column.title(), Ink::Faint)));
    for pe in &job.pes {
        let ink = |column: Column| if pe.node.is_some() { column.ink() } else { Ink::Wary };
        table.add_row(columns.iter().map(|column| cell(column.content(pe), ink(*column))));
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
            Self::Wishes => "WISHES",
            Self::Zone => "ZONE",
            Self::Node => "NODE",
            Self::Crowding => "PES/CORE",
            Self::Risk => "RISK",
            Self::BestOf => "BEST OF",
            Self::Refused => "REFUSED BY OUTRIGGER",
        }
    }

    fn content(self, pe: &PeAccount) -> String {
        match self {
            Self::Pe => pe.pe.clone(),
            Self::Wishes => pe.wishes.join(", "),
            Self::Zone => pe.zone.clone().unwrap_or_default(),
            Self::Node => pe.node.clone().unwrap_or_else(|| "none".to_owned()),
            Self::Crowding => number(pe, "crowding"),
            Self::Risk => number(pe, "risk"),
            Self::BestOf => pe.left.to_string(),
            Self::Refused => refused(&pe.refused),
        }
    }

    fn ink(self) -> Ink {
        match self {
            Self::Pe => Ink::Strong,
            Self::Node => Ink::Good,
            Self::Refused | Self::Zone => Ink::Faint,
            Self::Wishes | Self::Crowding | Self::Risk | Self::BestOf => Ink::Plain,
        }
    }

    /// Names and wishes are broken beyond this width; reasons get what is left.
    fn widest(self) -> Option<u16> {
        match self {
            Self::Pe => Some(24),
            Self::Wishes => Some(30),
            Self::Zone | Self::Node | Self::Crowding | Self::Risk | Self::BestOf | Self::Refused => None,
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Crowding | Self::Risk | Self::BestOf)
    }
}

/// The reasons with their counts, the most frequent first; without spaces inside, so that they are not broken.
pub(super) fn refused(refused: &BTreeMap<String, usize>) -> String {
    let mut reasons: Vec<(&String, &usize)> = refused.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    reasons.iter().map(|(reason, count)| format!("{reason}×{count}")).collect::<Vec<_>>().join(" ")
}

fn number(pe: &PeAccount, field: &str) -> String {
    let value = pe.record.as_ref().and_then(|record| record.get(field)).and_then(serde_json::Value::as_f64);
    value.map(|value| format!("{value:.2}")).unwrap_or_default()
}

/// What the reasons mean that came up.
fn reasons(account: &Account, paper: &mut Paper) {
    let seen: BTreeSet<&str> = account.pes().flat_map(|(_, pe)| pe.refused.keys()).map(String::as_str).collect();
    paper.heading("Reasons");
    let mut table = paper.table();
    for reason in Reason::ALL.iter().filter(|reason| seen.contains(reason.as_str())) {
        table.add_row([cell(reason, Ink::Wary), cell(reason.meaning(), Ink::Plain)]);
    }
    paper.put(table);
    paper.paragraph(
        "BEST OF: how many nodes were left, first by kube-scheduler's own filters, then by Outrigger. The first in \
         Outrigger's ranking is taken.",
        Ink::Faint,
    );
}
