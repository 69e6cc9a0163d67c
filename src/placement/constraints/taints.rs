//! `UntoleratedTaint`: a taint keeps pods off that do not tolerate it, as kube-scheduler's `TaintToleration` says.

use super::super::case::{Candidate, Case, Given};
use crate::model::{Refusal, Taint};

pub(super) fn check(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    if !candidate.summary.tainted {
        return None;
    }
    let node = candidate.node();
    let taint: Option<&Taint> = match &case.pe.pod.eligibility {
        Some(eligibility) => eligibility.untolerated(node),
        None => node.taints.first(),
    };
    taint.map(|taint| Refusal::UntoleratedTaint(taint.to_string()))
}
