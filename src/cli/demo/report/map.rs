//! All nodes at a glance: a letter for each PE.

use std::collections::BTreeMap;

use super::super::outcome::{DemoNode, DemoOutcome};
use crate::cli::terminal::{Style, Terminal};

/// Marks of the jobs where the first letter of their names does not tell them apart.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
/// More marks than this on one node are cut.
const MOST_MARKS: usize = 8;
/// Blanks between two nodes.
const BETWEEN: usize = 2;

/// Writes the nodes zone by zone.
pub(super) fn write(outcome: &DemoOutcome, terminal: &mut Terminal) {
    let letters = letters(outcome);
    let mut marks: BTreeMap<&str, String> = BTreeMap::new();
    for (job, letter) in outcome.jobs.iter().zip(&letters) {
        for node in job.pes.iter().filter_map(|pe| pe.node.as_deref()) {
            marks.entry(node).or_default().push(*letter);
        }
    }
    let widest = marks.values().map(|marks| marks.chars().count()).max().unwrap_or(0).clamp(2, MOST_MARKS);
    let name = outcome.nodes.iter().map(|node| node.node.chars().count()).max().unwrap_or(0);
    let mut zones: BTreeMap<&str, Vec<&DemoNode>> = BTreeMap::new();
    for node in &outcome.nodes {
        zones.entry(&node.zone).or_default().push(node);
    }
    let zone_width = zones.keys().map(|zone| zone.chars().count()).max().unwrap_or(0);
    let each = name + 1 + widest + BETWEEN;
    let in_line = (terminal.columns().saturating_sub(zone_width + 2) / each).max(1);

    terminal.heading("Nodes");
    for (zone, nodes) in zones {
        for (line, nodes) in nodes.chunks(in_line).enumerate() {
            let zone = if line == 0 { zone } else { "" };
            let mut text = format!("{zone:zone_width$}  ");
            for node in nodes {
                text.push_str(&mark(node, marks.get(node.node.as_str()), (name, widest), terminal));
            }
            terminal.line(&text);
        }
    }
    let legend = outcome.jobs.iter().zip(&letters).map(|(job, letter)| format!("{letter} {}", job.job));
    let legend: Vec<String> =
        legend.chain(["· another pod".to_owned(), "× cordoned or not ready".to_owned()]).collect();
    terminal.paragraph(&legend.join("   "), Style::Faint);
}

/// One node: its name, and what is on it.
fn mark(node: &DemoNode, marks: Option<&String>, (name, widest): (usize, usize), terminal: &Terminal) -> String {
    let label = format!("{:name$}", node.node);
    let label = terminal.paint(label, if node.schedulable { Style::Plain } else { Style::Faint });
    let mut shown: String = marks.map_or("", String::as_str).chars().take(widest).collect();
    let others = if node.schedulable { "·".repeat(node.other_pods) } else { "×".to_owned() };
    let room = widest.saturating_sub(shown.chars().count());
    let others: String = others.chars().take(room).collect();
    let blank = " ".repeat(room.saturating_sub(others.chars().count()) + BETWEEN);
    if !shown.is_empty() {
        shown = terminal.paint(shown, Style::Good);
    }
    format!("{label} {shown}{}{blank}", terminal.paint(others, Style::Faint))
}

/// One letter a job: the first of its name where that is unambiguous.
fn letters(outcome: &DemoOutcome) -> Vec<char> {
    let first = |job: &str| job.rsplit('/').next().and_then(|name| name.chars().next()).unwrap_or('?');
    let firsts: Vec<char> = outcome.jobs.iter().map(|job| first(&job.job)).collect();
    let distinct = firsts.iter().enumerate().all(|(place, letter)| !firsts.iter().take(place).any(|one| one == letter));
    if distinct { firsts } else { LETTERS.chars().cycle().take(outcome.jobs.len()).collect() }
}
