//! The order in which PEs are tried again.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::model::Pe;

/// Sorts PEs by urgency: the highest priority first, then the earliest created, as kube-scheduler's queue does.
pub(super) fn most_urgent_first(mut pes: Vec<&Arc<Pe>>) -> Vec<&Arc<Pe>> {
    pes.sort_unstable_by_key(|pe| (Reverse(pe.pod.priority), pe.pod.created, &pe.pod.key));
    pes
}
