//! A job between two pods of its only PE.

use crate::model::JobId;
use crate::state::job_state::JobState;

/// A job that has no PE at the moment, and what is known of its PEs.
#[derive(Debug)]
pub(super) struct DepartedJob {
    pub(super) id: JobId,
    /// The state without a member: the previous nodes.
    pub(super) state: JobState,
}
