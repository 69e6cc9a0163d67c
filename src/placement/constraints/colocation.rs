//! `ColocationMismatch` and `BucketDoesNotFit`: a bucket shares one node (legacy rule C4, filter F12).

use std::sync::Arc;

use super::super::bucket::Bucket;
use super::super::case::{Candidate, Case, Companion, Given};
use crate::model::{HostPort, Rejection};
use crate::state::NodeState;

/// A member of the bucket is bound.
pub(super) fn is_anchored(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.bucket.anchors.is_empty()
}

/// The bucket has several members, of which none is bound.
pub(super) fn is_whole(_: &Case<'_>, given: &Given<'_>) -> bool {
    !given.bucket.others.is_empty() && given.bucket.anchors.is_empty()
}

/// Members of the bucket are bound elsewhere; where they are on two nodes already, no node is right.
pub(super) fn same_node(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    let is_there = given.bucket.anchors.iter().all(|anchor| *anchor == candidate.index);
    (!is_there).then(|| Rejection::ColocationMismatch(Arc::clone(&given.bucket_is_on)))
}

/// Before the first member goes, the sum of all must fit, and each must be allowed there.
pub(super) fn fits_whole(case: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    let Candidate { info, state, .. } = candidate;
    let bucket = &given.bucket;
    let free_pods = info.free_pods;
    if bucket.waiting_pods > free_pods {
        return Some(Rejection::BucketDoesNotFit("pods".into(), bucket.waiting_pods, free_pods));
    }
    let lacking = || candidate.node().allocatable.first_lacking(&state.requested, &bucket.waiting);
    let lacking = if info.has_room_for(&bucket.waiting) { None } else { lacking() };
    lacking
        .map(|(resource, wanted, free)| Rejection::BucketDoesNotFit(resource, wanted, free))
        .or_else(|| port_twice(case, bucket, state))
        .or_else(|| given.companions.iter().find_map(|companion| rejected(companion, candidate)))
}

/// A port of the node that a member cannot have beside what is there, or beside another member.
fn port_twice(case: &Case<'_>, bucket: &Bucket, state: &NodeState) -> Option<Rejection> {
    let wanted = || bucket.others_waiting.iter().map(|pe| pe.host_ports()).chain([case.pe.host_ports()]);
    if wanted().all(<[HostPort]>::is_empty) {
        return None;
    }
    let mut taken = state.host_ports.clone();
    for ports in wanted() {
        if let Some(port) = HostPort::first_taken(ports, &taken) {
            return Some(Rejection::BucketDoesNotFit(port.to_string().into(), 1, 0));
        }
        taken.extend_from_slice(ports);
    }
    None
}

fn rejected(companion: &Companion<'_>, candidate: Candidate<'_>) -> Option<Rejection> {
    let rejection = companion.rejection(candidate)?;
    Some(Rejection::BucketMemberRejected(companion.case.pe.name.to_string(), Box::new(rejection)))
}
