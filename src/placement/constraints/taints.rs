//! `UntoleratedTaint`: a taint keeps pods off that do not tolerate it, as kube-scheduler's `TaintToleration` says.

use super::super::case::{Candidate, Case, Given};
use crate::model::{Rejection, Taint};

pub(super) fn check(case: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    if !candidate.info.tainted {
        return None;
    }
    let node = candidate.node();
    let taint: Option<&Taint> = match &case.pe.pod.node_requirements {
        Some(node_requirements) => node_requirements.untolerated(node),
        None => node.taints.first(),
    };
    taint.map(|taint| Rejection::UntoleratedTaint(taint.to_string()))
}
