//! The record of one placement, as it is on the pod.

use serde_json::{Map, Value};

use super::super::account::{Account, PeAccount};
use crate::cli::paper::{Ink, Paper, cell};

/// The fields in the order in which people ask; fields that are not named here follow.
const FIRST: [&str; 12] =
    ["pe", "job", "policy", "node", "pool", "tags", "allocation", "bucket", "scheme", "rank", "asked", "refused"];

/// Writes the record of the pod that is asked for, or the one that says most.
pub(super) fn write(account: &Account, shown: Option<&str>, paper: &mut Paper) {
    let is_asked_for = |pe: &PeAccount| {
        shown.is_none_or(|asked| pe.pod == asked || pe.pod.split_once('/').is_some_and(|(_, name)| name == asked))
    };
    let mut chosen: Option<(&PeAccount, &Map<String, Value>)> = None;
    let mut longest = 0;
    for (_, pe) in account.pes().filter(|(_, pe)| is_asked_for(pe)) {
        let Some(record @ Value::Object(fields)) = &pe.record else { continue };
        let length = record.to_string().len();
        if length > longest {
            (chosen, longest) = (Some((pe, fields)), length);
        }
    }
    let Some((pe, record)) = chosen else { return };
    paper.heading(&format!("Record on {}", pe.pod));
    let mut table = paper.table();
    let first = FIRST.into_iter().filter_map(|key| Some((key, record.get(key)?)));
    let rest = record.iter().filter(|(key, _)| !FIRST.contains(&key.as_str()));
    for (key, value) in first.chain(rest.map(|(key, value)| (key.as_str(), value))) {
        table.add_row([cell(key, Ink::Faint), cell(spoken(value), Ink::Plain)]);
    }
    paper.put(table);
    paper.paragraph("Annotation outrigger.dev/placement, written together with the node.", Ink::Faint);
}

fn spoken(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(spoken).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            members.iter().map(|(key, value)| format!("{key}×{}", spoken(value))).collect::<Vec<_>>().join(" ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
