//! An explanation as people read it.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde_json::Value;

use crate::cli::paper::{Ink, Paper, cell};
use crate::cli::record;
use crate::explain::{Candidate, Explanation, Lack, State, Wish};
use crate::model::Reason;

/// Writes an explanation.
pub(super) fn write(explanation: &Explanation, paper: &mut Paper) {
    let ink = if explanation.state == State::Waiting { Ink::Wary } else { Ink::Good };
    let governed = [("PE", &explanation.pe), ("of job", &explanation.job), ("policy", &explanation.policy)];
    let governed: Vec<String> =
        governed.into_iter().filter_map(|(what, name)| Some(format!("{what} {}", name.as_ref()?))).collect();
    let title = paper.paint(&explanation.pod, Ink::Strong);
    let separator = if governed.is_empty() { "" } else { ": " };
    paper.line(&format!("{title}{separator}{}", governed.join(", ")));
    paper.paragraph(&explanation.summary, ink);
    if let Some(message) = &explanation.message {
        paper.heading("What kube-scheduler says");
        paper.paragraph(message, Ink::Plain);
    }
    declared(explanation, paper);
    parallel_regions(&explanation.parallel_regions, paper);
    if let Some(problem) = &explanation.problem {
        paper.heading("What speaks against every node");
        lacks(std::slice::from_ref(problem), paper);
    }
    let only = explanation.problem.as_ref().is_some_and(|problem| explanation.refused.keys().eq([&problem.reason]));
    if !explanation.refused.is_empty() && !only {
        let others = if explanation.node.is_some() { "other " } else { "" };
        paper.heading(&format!("Why {others}nodes are refused"));
        reasons(&explanation.refused, paper);
    }
    if !only {
        explanation.here.iter().chain(&explanation.nearest).for_each(|candidate| node(explanation, candidate, paper));
    }
    if let Some(Value::Object(fields)) = &explanation.record {
        paper.heading("Record");
        record::write(fields, paper);
    }
}

/// What the PE wishes without its pod saying so.
fn declared(explanation: &Explanation, paper: &mut Paper) {
    if explanation.declared.is_empty() && explanation.unclear.is_empty() {
        return;
    }
    paper.heading("What objects say it wishes");
    let mut table = paper.table();
    for Wish { key, value, by } in &explanation.declared {
        table.add_row([cell(key, Ink::Plain), cell(value, Ink::Strong), cell(by, Ink::Faint)]);
    }
    if !explanation.declared.is_empty() {
        paper.put(table);
    }
    for unclear in &explanation.unclear {
        paper.paragraph(&format!("Not understood: {unclear}."), Ink::Wary);
    }
}

fn parallel_regions(regions: &BTreeMap<String, NonZeroU32>, paper: &mut Paper) {
    if regions.is_empty() {
        return;
    }
    paper.heading("Parallel regions of its job");
    let mut table = paper.table();
    for (name, width) in regions {
        let channels = if width.get() == 1 { "1 channel".to_owned() } else { format!("{width} channels") };
        table.add_row([cell(name, Ink::Plain), cell(channels, Ink::Plain)]);
    }
    paper.put(table);
}

fn reasons(refused: &BTreeMap<String, usize>, paper: &mut Paper) {
    let mut table = paper.table();
    let mut rows: Vec<(&String, &usize)> = refused.iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (reason, count) in rows {
        let known = Reason::ALL.iter().find(|known| known.as_str() == reason);
        let meaning = known.map(|reason| reason.meaning()).unwrap_or_default();
        table.add_row([cell(count, Ink::Plain), cell(reason, Ink::Wary), cell(meaning, Ink::Plain)]);
    }
    paper.put(table);
}

fn node(explanation: &Explanation, candidate: &Candidate, paper: &mut Paper) {
    let Candidate { node, crowding, risk, behind, lacks: lacking } = candidate;
    let measured = format!("{crowding:.2} PEs per core, risk {risk:.2}");
    let is_there = explanation.node.as_ref() == Some(node);
    let rules = match (lacking.len(), is_there) {
        (0, true) => format!("where it is, {measured}"),
        (0, false) => format!("fits, {measured}"),
        (1, _) => "1 rule speaks against it".to_owned(),
        (many, _) => format!("{many} rules speak against it"),
    };
    paper.heading(&format!("{node}: {rules}"));
    if let Some(behind) = behind {
        paper.paragraph(behind, Ink::Plain);
    }
    lacks(lacking, paper);
}

fn lacks(lacking: &[Lack], paper: &mut Paper) {
    if lacking.is_empty() {
        return;
    }
    let mut table = paper.table();
    for lack in lacking {
        table.add_row([cell(&lack.problem, Ink::Wary), cell(&lack.remedy, Ink::Plain)]);
    }
    paper.put(table);
}

#[cfg(test)]
#[path = "tests/report.rs"]
mod tests;
