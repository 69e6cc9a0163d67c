//! `NodeUnschedulable`: the node is cordoned, not ready, or leaving (legacy filter F1).

use super::super::case::{Candidate, Case, Given};
use crate::model::Refusal;

pub(super) fn check(_: &Case<'_>, _: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    (!candidate.summary.schedulable).then_some(Refusal::NodeUnschedulable)
}
