//! The record of a placement as a table.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::terminal::{Style, Terminal, cell};
use crate::model::RiskRecord;

/// The fields that come first, in this order; all other fields follow.
const FIRST: [&str; 12] =
    ["pe", "job", "policy", "node", "pool", "tags", "allocation", "bucket", "scheme", "rank", "asked", "refused"];

/// Writes a record, a line for each field.
pub(super) fn write(record: &Map<String, Value>, terminal: &mut Terminal) {
    let mut table = terminal.table();
    let first = FIRST.into_iter().filter_map(|key| Some((key, record.get(key)?)));
    let rest = record.iter().filter(|(key, _)| !FIRST.contains(&key.as_str()));
    for (key, value) in first.chain(rest.map(|(key, value)| (key.as_str(), value))) {
        let risk = (key == "demand").then(|| RiskRecord::deserialize(value).ok()).flatten();
        let text = risk.map_or_else(|| in_words(value), |risk| risk.to_string());
        table.add_row([cell(key, Style::Faint), cell(text, Style::Plain)]);
    }
    terminal.put(table);
    terminal.paragraph("Annotation outrigger.dev/placement, written together with the node.", Style::Faint);
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            members.iter().map(|(key, value)| format!("{key}×{}", in_words(value))).collect::<Vec<_>>().join(" ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
