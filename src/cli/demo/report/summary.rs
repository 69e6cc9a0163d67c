//! The first and the last lines.

use super::super::outcome::{DemoOutcome, PeOutcome};
use super::placements::rejected;
use crate::cli::terminal::{Style, Terminal, cell};
use crate::model::Reason;

/// What came of it, what is real, and what is played.
pub(super) fn opening(account: &DemoOutcome, terminal: &mut Terminal) {
    let jobs: Vec<String> = account.jobs.iter().map(|job| format!("{} ({})", job.job, job.policy)).collect();
    let (placed, pes, nodes) = (account.placed, account.pes, account.nodes.len());
    terminal.paragraph(
        &format!("Outrigger placed {placed} of {pes} PEs of {} jobs on {nodes} nodes.", jobs.len()),
        Style::Strong,
    );
    terminal.paragraph(&format!("Jobs, with the policies that govern them: {}.", jobs.join(", ")), Style::Plain);
    let count = |path: &str| account.requests.get(path).copied().unwrap_or_default();
    let servers = format!(
        "The servers are the real ones, over TLS on loopback: {} admission reviews, {} filters, {} rankings and {} \
         binds in {:.2} s. API server and kube-scheduler are played; no cluster was touched.",
        count("admission/mutate") + count("admission/validate"),
        count("extender/filter"),
        count("extender/prioritize"),
        count("extender/bind"),
        account.seconds,
    );
    terminal.paragraph(&servers, Style::Faint);
}

/// What holds, what waits and why, and where to go on.
pub(super) fn closing(account: &DemoOutcome, terminal: &mut Terminal) {
    terminal.heading("Outcome");
    terminal.paragraph(&format!("{} of {} PEs are placed.", account.placed, account.pes), Style::Strong);
    let held = account.checks.iter().filter(|check| check.broken.is_empty());
    let held: Vec<String> = held.map(|check| format!("{} ({})", check.rule, check.of)).collect();
    terminal
        .paragraph(&format!("Checked at the end, from the pods alone, and kept: {}.", held.join(", ")), Style::Good);
    for broken in account.checks.iter().flat_map(|check| &check.broken) {
        terminal.paragraph(&format!("BROKEN: {broken}"), Style::Bad);
    }
    for (pod, message) in &account.denied {
        terminal.paragraph(&format!("{pod} was denied at admission: {message}"), Style::Wary);
    }
    if !account.not_ours.is_empty() {
        let left_alone = account.not_ours.join(", ");
        terminal.paragraph(&format!("Left alone, as no policy governs them: {left_alone}."), Style::Faint);
    }
    for (job, pe) in account.waiting() {
        waits(&format!("{} of {}", pe.pe, job.job), pe, account.nodes.len(), terminal);
    }
    terminal.paragraph("All of this as one document: -o json. Manifests of your own: --help.", Style::Faint);
}

/// Why a PE has no node: which filter left how many, what Outrigger says, and what the pod's event says.
fn waits(name: &str, pe: &PeOutcome, nodes: usize, terminal: &mut Terminal) {
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
    row("event", pe.message.as_deref().unwrap_or("it was not tried"), Style::Plain);
    terminal.put(table);
}
