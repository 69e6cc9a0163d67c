//! The first and the last lines.

use super::super::account::{Account, PeAccount};
use super::placements::refused;
use crate::cli::paper::{Ink, Paper, cell};
use crate::model::Reason;

/// What came of it, what is real, and what is played.
pub(super) fn opening(account: &Account, paper: &mut Paper) {
    let jobs: Vec<String> = account.jobs.iter().map(|job| format!("{} ({})", job.job, job.policy)).collect();
    let (placed, pes, nodes) = (account.placed, account.pes, account.nodes.len());
    paper.paragraph(
        &format!("Outrigger placed {placed} of {pes} PEs of {} jobs on {nodes} nodes.", jobs.len()),
        Ink::Strong,
    );
    paper.paragraph(&format!("Jobs, with the policies that govern them: {}.", jobs.join(", ")), Ink::Plain);
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
    paper.paragraph(&servers, Ink::Faint);
}

/// What holds, what waits and why, and where to go on.
pub(super) fn closing(account: &Account, paper: &mut Paper) {
    paper.heading("Outcome");
    paper.paragraph(&format!("{} of {} PEs are placed.", account.placed, account.pes), Ink::Strong);
    let held = account.checks.iter().filter(|check| check.broken.is_empty());
    let held: Vec<String> = held.map(|check| format!("{} ({})", check.rule, check.of)).collect();
    paper.paragraph(&format!("Checked at the end, from the pods alone, and kept: {}.", held.join(", ")), Ink::Good);
    for broken in account.checks.iter().flat_map(|check| &check.broken) {
        paper.paragraph(&format!("BROKEN: {broken}"), Ink::Bad);
    }
    for (pod, message) in &account.denied {
        paper.paragraph(&format!("{pod} was denied at admission: {message}"), Ink::Wary);
    }
    if !account.not_ours.is_empty() {
        let left_alone = account.not_ours.join(", ");
        paper.paragraph(&format!("Left alone, as no policy governs them: {left_alone}."), Ink::Faint);
    }
    for (job, pe) in account.waiting() {
        waits(&format!("{} of {}", pe.pe, job.job), pe, account.nodes.len(), paper);
    }
    paper.paragraph("All of this as one document: -o json. Manifests of your own: --help.", Ink::Faint);
}

/// Why a PE has no node: which filter left how many, what Outrigger says, and what the pod's event says.
fn waits(name: &str, pe: &PeAccount, nodes: usize, paper: &mut Paper) {
    let mut table = paper.table();
    let mut row = |title: &str, text: &str, ink: Ink| {
        table.add_row([cell(title, Ink::Faint), cell(text, ink)]);
    };
    row("waits", name, Ink::Wary);
    row("kube-scheduler left", &format!("{} of {nodes} nodes by its own filters", pe.asked), Ink::Plain);
    if !pe.refused.is_empty() {
        row("Outrigger refused", &refused(&pe.refused), Ink::Plain);
    }
    for reason in Reason::ALL.iter().filter(|reason| pe.refused.contains_key(reason.as_str())) {
        row("", &format!("{reason}: {}", reason.meaning()), Ink::Plain);
    }
    row("event", pe.message.as_deref().unwrap_or("it was not tried"), Ink::Plain);
    paper.put(table);
}
