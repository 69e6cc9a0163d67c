//! A job between two pods of its only PE.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::JobId;
use crate::state::job_state::PreviousNode;

/// A job that has no PE at the moment, and the previous nodes of its PEs.
#[derive(Debug)]
pub(super) struct DepartedJob {
    pub(super) id: JobId,
    pub(super) previous_nodes: PreviousNodes,
}

pub(super) type PreviousNodes = BTreeMap<Arc<str>, PreviousNode>;
