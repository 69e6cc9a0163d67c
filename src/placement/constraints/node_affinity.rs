//! `NodeAffinityMismatch`: node selector and required affinity, as kube-scheduler's `NodeAffinity` reads them; a node that
//! the pod named was made an affinity when it was created (D3).

use super::super::case::{Candidate, Case, Given};
use crate::model::Rejection;

pub(super) fn concerns(case: &Case<'_>, _: &Given<'_>) -> bool {
    case.pe.pod.node_requirements.as_ref().is_some_and(|pod| !pod.selector.is_empty() || pod.terms.is_some())
}

pub(super) fn check(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    case.pe.pod.node_requirements.as_ref()?.mismatch(candidate.node()).map(Rejection::NodeAffinityMismatch)
}
