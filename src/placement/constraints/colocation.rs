//! `ColocationMismatch` and `BucketDoesNotFit`: a bucket shares one node (legacy rule C4, filter F12).

use std::sync::Arc;

use super::super::bucket::Bucket;
use super::super::case::{Candidate, Case, Companion, Given};
use crate::model::{HostPort, Refusal};
use crate::state::NodeRow;

/// A member of the bucket is bound.
pub(super) fn is_anchored(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.bucket.anchors.is_empty()
}

/// The bucket has several members, of which none is bound.
pub(super) fn is_whole(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.bucket.others.is_empty() && given.bucket.anchors.is_empty()
}

/// Members of the bucket are bound elsewhere; where they are on two nodes already, no node is right.
pub(super) fn same_node(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let is_there = given.bucket.anchors.iter().all(|anchor| *anchor == candidate.index);
    (!is_there).then(|| Refusal::ColocationMismatch(Arc::clone(&given.bucket_is_on)))
}

/// Before the first member goes, the sum of all must fit, and each must be allowed there.
pub(super) fn fits_whole(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let Candidate { summary, row, .. } = candidate;
    let bucket = &given.bucket;
    let free_pods = summary.free_pods;
    if bucket.waiting_pods > free_pods {
        return Some(Refusal::BucketDoesNotFit("pods".into(), bucket.waiting_pods, free_pods));
    }
    let lacking = || candidate.node().allocatable.first_lacking(&row.requested, &bucket.waiting);
    let lacking = if summary.has_room_for(&bucket.waiting) { None } else { lacking() };
    lacking
        .map(|(resource, wanted, free)| Refusal::BucketDoesNotFit(resource, wanted, free))
        .or_else(|| port_twice(case, bucket, row))
        .or_else(|| given.companions.iter().find_map(|companion| refused(companion, candidate)))
}

/// A port of the node that a member cannot have beside what is there, or beside another member.
fn port_twice(case: &Case<'_>, bucket: &Bucket, row: &NodeRow) -> Option<Refusal> {
    let wanted = || bucket.others_waiting.iter().map(|pe| pe.host_ports()).chain([case.pe.host_ports()]);
    if wanted().all(<[HostPort]>::is_empty) {
        return None;
    }
    let mut taken = row.host_ports.clone();
    for ports in wanted() {
        if let Some(port) = HostPort::first_taken(ports, &taken) {
            return Some(Refusal::BucketDoesNotFit(port.to_string().into(), 1, 0));
        }
        taken.extend_from_slice(ports);
    }
    None
}

fn refused(companion: &Companion<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let refusal = companion.refusal(candidate)?;
    Some(Refusal::BucketMemberRefused(companion.case.pe.name.to_string(), Box::new(refusal)))
}
