//! The first and the last lines.

use super::super::account::Account;
use super::super::paper::{Ink, Paper};

/// What is real, what is played, and what came of it.
pub(super) fn opening(account: &Account, paper: &mut Paper) {
    let count = |path: &str| account.requests.get(path).copied().unwrap_or_default();
    let engines: Vec<String> = account.jobs.iter().map(|job| format!("{} ({})", job.job, job.policy)).collect();
    paper.paragraph(
        &format!(
            "Outrigger places {} PEs of {} jobs on {} nodes.",
            account.pes,
            account.jobs.len(),
            account.nodes.len()
        ),
        Ink::Strong,
    );
    paper.paragraph(&format!("Jobs: {}.", engines.join(", ")), Ink::Plain);
    paper.paragraph(
        &format!(
            "The servers are real and answered over TLS on loopback: {} admission reviews, {} filters, {} priorities, \
             {} binds in {:.2} s. API server and kube-scheduler are played; no cluster was touched.",
            count("admission/mutate") + count("admission/validate"),
            count("extender/filter"),
            count("extender/prioritize"),
            count("extender/bind"),
            account.seconds,
        ),
        Ink::Faint,
    );
}

/// What holds, what waits, and where to go on.
pub(super) fn closing(account: &Account, paper: &mut Paper) {
    paper.heading("Outcome");
    let held: Vec<String> = account
        .checks
        .iter()
        .filter(|check| check.broken.is_empty())
        .map(|check| format!("{} ({})", check.rule, check.of))
        .collect();
    paper.paragraph(&format!("Checked again from the pods alone, and holds: {}.", held.join(", ")), Ink::Good);
    for broken in account.checks.iter().flat_map(|check| &check.broken) {
        paper.paragraph(&format!("BROKEN: {broken}"), Ink::Bad);
    }
    for (pod, message) in &account.denied {
        paper.paragraph(&format!("{pod} was denied at admission: {message}"), Ink::Wary);
    }
    if !account.not_ours.is_empty() {
        paper
            .paragraph(&format!("Left alone, as no policy governs them: {}.", account.not_ours.join(", ")), Ink::Faint);
    }
    let outcome = format!("{} of {} PEs are placed.", account.placed, account.pes);
    paper.paragraph(&outcome, Ink::Strong);
    for (job, pe) in account.waiting() {
        let message = pe.message.as_deref().unwrap_or("not tried");
        paper.paragraph(&format!("{} of {} waits: {message}", pe.pe, job.job), Ink::Wary);
    }
}
