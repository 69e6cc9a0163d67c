//! `NodeUnschedulable`: the node is cordoned, not ready, or leaving (legacy filter F1).

use super::super::case::{Candidate, Case, Given};
use crate::model::Rejection;

pub(super) fn check(_: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    (!candidate.info.schedulable).then_some(Rejection::NodeUnschedulable)
}
