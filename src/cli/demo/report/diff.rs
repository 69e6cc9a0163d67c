//! The changes of admission to one pod, as a unified diff of its YAML.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::super::outcome::{DemoOutcome, Injection};
use crate::cli::terminal::{Style, Terminal};

/// Unchanged lines around a change.
const CONTEXT: usize = 2;
/// The longest run of lines that is shown; the rest is counted.
const LONGEST_RUN: usize = 18;
/// Texts of more lines than this are folded: their content is not the subject of the diff.
const LONGEST_TEXT: usize = 3;

/// Writes the diff.
pub(super) fn write(outcome: &DemoOutcome, terminal: &mut Terminal) {
    let Some(Injection { pod, operations, before, after }) = &outcome.injection else { return };
    terminal.heading(&format!("What admission did to {pod}: {operations} operations"));
    let (before, after) = (yaml(before), yaml(after));
    let diff = TextDiff::from_lines(&before, &after);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        terminal.line(&terminal.paint(hunk.header(), Style::Faint));
        let mut run = Run::default();
        for change in hunk.iter_changes() {
            if run.tag != change.tag() {
                run.end(terminal);
                run = Run { tag: change.tag(), length: 0 };
            }
            run.length += 1;
            if run.length <= LONGEST_RUN {
                let line = terminal.cut(&format!("{}{}", sign(run.tag), change.value().trim_end()));
                terminal.line(&terminal.paint(line, style(run.tag)));
            }
        }
        run.end(terminal);
    }
}

/// Lines in a row that share a sign.
struct Run {
    tag: ChangeTag,
    length: usize,
}

impl Default for Run {
    fn default() -> Self {
        Self { tag: ChangeTag::Equal, length: 0 }
    }
}

impl Run {
    /// Says how many lines were not shown.
    fn end(&self, terminal: &mut Terminal) {
        let rest = self.length.saturating_sub(LONGEST_RUN);
        if rest > 0 {
            terminal.line(&terminal.paint(format!("{}     … {rest} more lines", sign(self.tag)), style(self.tag)));
        }
    }
}

fn sign(tag: ChangeTag) -> char {
    match tag {
        ChangeTag::Delete => '-',
        ChangeTag::Insert => '+',
        ChangeTag::Equal => ' ',
    }
}

fn style(tag: ChangeTag) -> Style {
    match tag {
        ChangeTag::Delete => Style::Bad,
        ChangeTag::Insert => Style::Good,
        ChangeTag::Equal => Style::Faint,
    }
}

fn yaml(pod: &Value) -> String {
    serde_saphyr::to_string(&folded(pod)).unwrap_or_default()
}

/// The same, with long texts replaced by how long they are.
fn folded(value: &Value) -> Value {
    match value {
        Value::String(text) if text.lines().count() > LONGEST_TEXT => {
            Value::from(format!("({} lines)", text.lines().count()))
        }
        Value::Array(items) => items.iter().map(folded).collect(),
        Value::Object(members) => members.iter().map(|(key, member)| (key.clone(), folded(member))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
