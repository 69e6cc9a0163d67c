//! The whole report.

use super::{diff, map, metrics, placements, record, summary};
use crate::cli::demo::outcome::DemoOutcome;
use crate::cli::terminal::Terminal;

/// Writes the whole report; `shown` names the pod whose record is shown.
pub(in crate::cli::demo) fn write(account: &DemoOutcome, shown: Option<&str>, terminal: &mut Terminal) {
    summary::opening(account, terminal);
    map::write(account, terminal);
    placements::write(account, terminal);
    diff::write(account, terminal);
    record::write(account, shown, terminal);
    metrics::write(account, terminal);
    summary::closing(account, terminal);
}
