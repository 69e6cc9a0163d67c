//! The first and the last lines.

use super::super::outcome::{DemoOutcome, DemoPe};
use super::placements::rejected;
use crate::cli::terminal::{Style, Terminal, cell};
use crate::model::Reason;

/// Writes the result, and what is real and what is fake.
pub(super) fn opening(outcome: &DemoOutcome, terminal: &mut Terminal) {
    let jobs: Vec<String> = outcome.jobs.iter().map(|job| format!("{} ({})", job.job, job.policy)).collect();
    let (placed, pes, nodes) = (outcome.placed, outcome.pes, outcome.nodes.len());
    terminal.paragraph(
        &format!("Outrigger placed {placed} of {pes} PEs of {} jobs on {nodes} nodes.", jobs.len()),
        Style::Strong,
    );
    terminal.paragraph(&format!("Jobs, with the policies that govern them: {}.", jobs.join(", ")), Style::Plain);
    let count = |path: &str| outcome.requests.get(path).copied().unwrap_or_default();
    let servers = format!(
        "The servers are the real ones, over TLS on loopback: {} admission reviews, {} filters, {} rankings and {} \
         binds in {:.2} s. The API server and kube-scheduler are fakes; no cluster was touched.",
        count("admission/mutate"),
        count("extender/filter"),
        count("extender/prioritize"),
        count("extender/bind"),
        outcome.seconds,
    );
    terminal.paragraph(&servers, Style::Faint);
}

/// Writes the checks, the PEs that wait with their reasons, and further commands.
pub(super) fn closing(outcome: &DemoOutcome, terminal: &mut Terminal) {
    terminal.heading("Outcome");
    terminal.paragraph(&format!("{} of {} PEs are placed.", outcome.placed, outcome.pes), Style::Strong);
    let held = outcome.checks.iter().filter(|check| check.broken.is_empty());
    let held: Vec<String> = held.map(|check| format!("{} ({})", check.rule, check.of)).collect();
    terminal
        .paragraph(&format!("Checked at the end, from the pods alone, and kept: {}.", held.join(", ")), Style::Good);
    for broken in outcome.checks.iter().flat_map(|check| &check.broken) {
        terminal.paragraph(&format!("BROKEN: {broken}"), Style::Bad);
    }
    for (pod, message) in &outcome.denied {
        terminal.paragraph(&format!("{pod} was denied at admission: {message}"), Style::Wary);
    }
    if !outcome.not_ours.is_empty() {
        let left_alone = outcome.not_ours.join(", ");
        terminal.paragraph(&format!("Left alone, as no policy governs them: {left_alone}."), Style::Faint);
    }
    for (job, pe) in outcome.waiting() {
        waits(&format!("{} of {}", pe.pe, job.job), pe, outcome.nodes.len(), terminal);
    }
    terminal.paragraph("All of this as one document: -o json. Manifests of your own: --help.", Style::Faint);
}

/// Writes why a PE has no node: how many nodes each filter left, the reasons, and the event of the pod.
fn waits(name: &str, pe: &DemoPe, nodes: usize, terminal: &mut Terminal) {
    let mut table = terminal.table();
    let mut row = |title: &str, text: &str, style: Style| {
        table.add_row([cell(title, Style::Faint), cell(text, style)]);
    };
    row("waits", name, Style::Wary);
    row("kube-scheduler left", &format!("{} of {nodes} nodes by its own filters", pe.asked), Style::Plain);
    if !pe.rejected.is_empty() {
        row("Outrigger refused", &rejected(&pe.rejected), Style::Plain);
    }
    for reason in Reason::ALL.iter().filter(|reason| pe.rejected.contains_key(reason.as_str())) {
        row("", &format!("{reason}: {}", reason.meaning()), Style::Plain);
    }
    row("event", pe.message.as_deref().unwrap_or("no scheduling attempt"), Style::Plain);
    terminal.put(table);
}
