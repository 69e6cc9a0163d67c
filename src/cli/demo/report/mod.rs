//! The report: what people see.

mod diff;
mod exposition;
mod map;
mod metrics;
mod placements;
mod record;
mod summary;

use super::account::Account;
use crate::cli::paper::Paper;

/// Writes the whole report; `shown` names the pod whose record is shown.
pub(super) fn write(account: &Account, shown: Option<&str>, paper: &mut Paper) {
    summary::opening(account, paper);
    map::write(account, paper);
    placements::write(account, paper);
    diff::write(account, paper);
    record::write(account, shown, paper);
    metrics::write(account, paper);
    summary::closing(account, paper);
}
