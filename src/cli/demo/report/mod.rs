//! The report: what people see.

mod diff;
mod exposition;
mod map;
mod metrics;
mod placements;
mod record;
mod summary;

use super::outcome::DemoOutcome;
use crate::cli::terminal::Terminal;

/// Writes the whole report; `shown` names the pod whose record is shown.
pub(super) fn write(account: &DemoOutcome, shown: Option<&str>, terminal: &mut Terminal) {
    summary::opening(account, terminal);
    map::write(account, terminal);
    placements::write(account, terminal);
    diff::write(account, terminal);
    record::write(account, shown, terminal);
    metrics::write(account, terminal);
    summary::closing(account, terminal);
}
