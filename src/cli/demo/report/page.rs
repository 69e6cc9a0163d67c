//! The whole report.

use super::{diff, map, metrics, placements, record, summary};
use crate::cli::demo::outcome::DemoOutcome;
use crate::cli::terminal::Terminal;

/// Writes the whole report; `shown` names the pod whose record is shown.
pub(in crate::cli::demo) fn write(outcome: &DemoOutcome, shown: Option<&str>, terminal: &mut Terminal) {
    summary::opening(outcome, terminal);
    map::write(outcome, terminal);
    placements::write(outcome, terminal);
    diff::write(outcome, terminal);
    record::write(outcome, shown, terminal);
    metrics::write(outcome, terminal);
    summary::closing(outcome, terminal);
}
