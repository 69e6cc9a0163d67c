//! An extract of the metrics.

use std::collections::BTreeMap;

use comfy_table::CellAlignment;

use super::super::outcome::DemoOutcome;
use super::exposition::{help, samples};
use crate::cli::terminal::{Style, Terminal, cell};

/// The counters that are shown.
const COUNTERS: [&str; 3] =
    ["outrigger_placements_total", "outrigger_node_refusals_total", "outrigger_injections_total"];
/// The histograms that are shown.
const HISTOGRAMS: [&str; 2] =
    ["outrigger_admission_request_duration_seconds", "outrigger_extender_request_duration_seconds"];

/// Writes the counters and how long answers took.
pub(super) fn write(outcome: &DemoOutcome, terminal: &mut Terminal) {
    let text = &outcome.metrics;
    terminal.heading("Metrics");
    for name in COUNTERS {
        terminal.line(&terminal.paint(name, Style::Strong));
        terminal.paragraph(help(text, name), Style::Faint);
        let mut found: Vec<_> = samples(text).filter(|sample| sample.name == name).collect();
        found.sort_by(|left, right| right.number().total_cmp(&left.number()).then(left.labels.cmp(right.labels)));
        let mut table = terminal.table();
        for sample in found {
            table.add_row([cell(sample.value, Style::Good), cell(sample.labels.replace(',', " "), Style::Plain)]);
        }
        right(&mut table, 0);
        terminal.put(table);
    }
    latencies(text, terminal);
}

fn latencies(text: &str, terminal: &mut Terminal) {
    for name in HISTOGRAMS {
        terminal.line(&terminal.paint(name, Style::Strong));
    }
    let mut table = terminal.table();
    let header = ["ANSWERS", "MEAN", "99 % WITHIN", "VERB"];
    table.set_header(header.map(|title| cell(title, Style::Faint)));
    for name in HISTOGRAMS {
        for (verb, times) in histogram(text, name) {
            table.add_row([
                cell(times.count, Style::Good),
                cell(milliseconds(times.sum / times.count), Style::Plain),
                cell(milliseconds(times.within(0.99)), Style::Plain),
                cell(verb, Style::Plain),
            ]);
        }
    }
    for column in 0..3 {
        right(&mut table, column);
    }
    terminal.put(table);
    if cfg!(debug_assertions) {
        let build = "This build is not optimised: with `cargo run --release -- demo` answers take a fraction of this.";
        terminal.paragraph(build, Style::Faint);
    }
}

#[derive(Default)]
struct Times {
    count: f64,
    sum: f64,
    /// Answers by the upper bound of their bucket, bounds in text order.
    buckets: Vec<(f64, f64)>,
}

impl Times {
    /// The bound that this share of the answers stayed within.
    fn within(&self, share: f64) -> f64 {
        self.buckets.iter().find(|(_, count)| *count >= share * self.count).map_or(f64::INFINITY, |(bound, _)| *bound)
    }
}

/// The times of a histogram by verb, over all outcomes.
fn histogram<'a>(text: &'a str, name: &str) -> BTreeMap<&'a str, Times> {
    let mut verbs: BTreeMap<&str, Times> = BTreeMap::new();
    for sample in samples(text) {
        let Some(part) = sample.name.strip_prefix(name) else { continue };
        let times = verbs.entry(sample.label("verb").unwrap_or_default()).or_default();
        match (part, sample.label("le")) {
            ("_count", _) => times.count += sample.number(),
            ("_sum", _) => times.sum += sample.number(),
            ("_bucket", Some(bound)) => {
                let bound = bound.parse().unwrap_or(f64::INFINITY);
                match times.buckets.iter_mut().find(|(known, _)| known.total_cmp(&bound).is_eq()) {
                    Some((_, count)) => *count += sample.number(),
                    None => times.buckets.push((bound, sample.number())),
                }
            }
            _ => {}
        }
    }
    verbs
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1_000.0)
}

fn right(table: &mut comfy_table::Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
