//! The order in which PEs are requeued.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::model::Pe;

/// Sorts PEs by urgency, as kube-scheduler's queue does: the highest priority first, then the earliest created.
pub(super) fn most_urgent_first(mut pes: Vec<&Arc<Pe>>) -> Vec<&Arc<Pe>> {
    pes.sort_unstable_by_key(|pe| (Reverse(pe.pod.priority), pe.pod.created, &pe.pod.key));
    pes
}
