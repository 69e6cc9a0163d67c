//! The record of one placement, from the annotation of the pod.

use serde_json::{Map, Value};

use super::super::outcome::{DemoOutcome, DemoPe};
use crate::cli::record;
use crate::cli::terminal::Terminal;

/// Writes the record of the pod that the user names, or else the longest record.
pub(super) fn write(outcome: &DemoOutcome, shown: Option<&str>, terminal: &mut Terminal) {
    let is_asked_for = |pe: &DemoPe| {
        shown.is_none_or(|asked| pe.pod == asked || pe.pod.split_once('/').is_some_and(|(_, name)| name == asked))
    };
    let mut chosen: Option<(&DemoPe, &Map<String, Value>)> = None;
    let mut longest = 0;
    for (_, pe) in outcome.pes().filter(|(_, pe)| is_asked_for(pe)) {
        let Some(record @ Value::Object(fields)) = &pe.record else { continue };
        let length = record.to_string().len();
        if length > longest {
            (chosen, longest) = (Some((pe, fields)), length);
        }
    }
    let Some((pe, fields)) = chosen else { return };
    terminal.heading(&format!("Record on {}", pe.pod));
    record::write(fields, terminal);
}
