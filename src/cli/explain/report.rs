//! An explanation as a table.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde_json::Value;

use crate::cli::record;
use crate::cli::terminal::{Style, Terminal, cell};
use crate::explain::{
    Amounts, DeclaredValue, Explanation, NodeExplanation, PodState, RejectionWithRemedy, ResourceExplanation,
    WithheldExplanation,
};
use crate::model::Reason;

/// Writes an explanation.
pub(super) fn write(explanation: &Explanation, terminal: &mut Terminal) {
    let style = if explanation.state == PodState::Waiting { Style::Wary } else { Style::Good };
    let governed = [("PE", &explanation.pe), ("of job", &explanation.job), ("policy", &explanation.policy)];
    let governed: Vec<String> =
        governed.into_iter().filter_map(|(what, name)| Some(format!("{what} {}", name.as_ref()?))).collect();
    let title = terminal.paint(&explanation.pod, Style::Strong);
    let separator = if governed.is_empty() { "" } else { ": " };
    terminal.line(&format!("{title}{separator}{}", governed.join(", ")));
    terminal.paragraph(&explanation.summary, style);
    if let Some(message) = &explanation.message {
        terminal.heading("What kube-scheduler says");
        terminal.paragraph(message, Style::Plain);
    }
    declared(explanation, terminal);
    parallel_regions(&explanation.parallel_regions, terminal);
    withheld(&explanation.withheld, terminal);
    resources(&explanation.resources, terminal);
    if let Some(problem) = &explanation.problem {
        terminal.heading("What speaks against every node");
        lacks(std::slice::from_ref(problem), terminal);
    }
    let only = explanation.problem.as_ref().is_some_and(|problem| explanation.rejected.keys().eq([&problem.reason]));
    if !explanation.rejected.is_empty() && !only {
        let others = if explanation.node.is_some() { "other " } else { "" };
        terminal.heading(&format!("Why {others}nodes are refused"));
        reasons(&explanation.rejected, terminal);
    }
    if !only {
        explanation
            .here
            .iter()
            .chain(&explanation.nearest)
            .for_each(|candidate| node(explanation, candidate, terminal));
    }
    if let Some(Value::Object(fields)) = &explanation.record {
        terminal.heading("Record");
        record::write(fields, terminal);
    }
}

/// The placement constraints that objects declare, and not the pod.
fn declared(explanation: &Explanation, terminal: &mut Terminal) {
    if explanation.declared.is_empty() && explanation.unclear.is_empty() {
        return;
    }
    terminal.heading("What objects say it wishes");
    let mut table = terminal.table();
    for DeclaredValue { key, value, by } in &explanation.declared {
        table.add_row([cell(key, Style::Plain), cell(value, Style::Strong), cell(by, Style::Faint)]);
    }
    if !explanation.declared.is_empty() {
        terminal.put(table);
    }
    for unclear in &explanation.unclear {
        terminal.paragraph(&format!("Not understood: {unclear}."), Style::Wary);
    }
}

fn parallel_regions(regions: &BTreeMap<String, NonZeroU32>, terminal: &mut Terminal) {
    if regions.is_empty() {
        return;
    }
    terminal.heading("Parallel regions of its job");
    let mut table = terminal.table();
    for (name, width) in regions {
        let channels = if width.get() == 1 { "1 channel".to_owned() } else { format!("{width} channels") };
        table.add_row([cell(name, Style::Plain), cell(channels, Style::Plain)]);
    }
    terminal.put(table);
}

fn withheld(withheld: &[WithheldExplanation], terminal: &mut Terminal) {
    if withheld.is_empty() {
        return;
    }
    terminal.heading("Sidecars of the policy that the pod did not get");
    let mut table = terminal.table();
    for WithheldExplanation { sidecar, reason, problem, remedy } in withheld {
        let problem = format!("{reason}: {problem}");
        table.add_row([cell(sidecar, Style::Strong), cell(problem, Style::Wary), cell(remedy, Style::Plain)]);
    }
    terminal.put(table);
}

/// Each number that a source has a say in: a row for a container and resource, a column for a source.
fn resources(decided: &[ResourceExplanation], terminal: &mut Terminal) {
    if decided.is_empty() {
        return;
    }
    terminal.heading("Requests and limits (request / limit)");
    let mut table = terminal.table();
    let titles = ["", "user", "policy", "demand", "LimitRange", "result"];
    table.add_row(titles.map(|title| cell(title, Style::Faint)));
    for ResourceExplanation { container, resource, user, policy, demand, limit_range, result } in decided {
        let amounts = |Amounts { request, limit }: &Amounts| match (request, limit) {
            (None, None) => String::new(),
            (request, limit) => {
                let [request, limit] = [request, limit].map(|amount| amount.as_deref().unwrap_or("-"));
                format!("{request} / {limit}")
            }
        };
        table.add_row([
            cell(format!("{container}: {resource}"), Style::Plain),
            cell(amounts(user), Style::Plain),
            cell(amounts(policy), Style::Plain),
            cell(demand.as_deref().unwrap_or_default(), Style::Plain),
            cell(amounts(limit_range), Style::Plain),
            cell(amounts(result), Style::Strong),
        ]);
    }
    terminal.put(table);
}

fn reasons(rejected: &BTreeMap<String, usize>, terminal: &mut Terminal) {
    let mut table = terminal.table();
    let mut rows: Vec<(&String, &usize)> = rejected.iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (reason, count) in rows {
        let known = Reason::ALL.iter().find(|known| known.as_str() == reason);
        let meaning = known.map(|reason| reason.meaning()).unwrap_or_default();
        table.add_row([cell(count, Style::Plain), cell(reason, Style::Wary), cell(meaning, Style::Plain)]);
    }
    terminal.put(table);
}

fn node(explanation: &Explanation, candidate: &NodeExplanation, terminal: &mut Terminal) {
    let NodeExplanation { node, crowding, risk, behind, lacks: lacking } = candidate;
    let measured = format!("{crowding:.2} PEs per core, risk {risk:.2}");
    let is_there = explanation.node.as_ref() == Some(node);
    let rules = match (lacking.len(), is_there) {
        (0, true) => format!("where it is, {measured}"),
        (0, false) => format!("fits, {measured}"),
        (1, _) => "1 rule speaks against it".to_owned(),
        (many, _) => format!("{many} rules speak against it"),
    };
    terminal.heading(&format!("{node}: {rules}"));
    if let Some(behind) = behind {
        terminal.paragraph(behind, Style::Plain);
    }
    lacks(lacking, terminal);
}

fn lacks(lacking: &[RejectionWithRemedy], terminal: &mut Terminal) {
    if lacking.is_empty() {
        return;
    }
    let mut table = terminal.table();
    for lack in lacking {
        table.add_row([cell(&lack.problem, Style::Wary), cell(&lack.remedy, Style::Plain)]);
    }
    terminal.put(table);
}

#[cfg(test)]
#[path = "tests/report.rs"]
mod tests;
