//! Gangs and buckets that have begun, of which members still wait. A process that starts reserves the nodes of these members:
//! the reservations of the process before it are lost.

use std::sync::Arc;

use super::super::bucket_members::BucketMembers;
use super::super::decide::{Foresight, PlacementDecision};
use super::super::gang::{asks_for_gang, gang_spec, incomplete};
use super::plan::{Budget, plan};
use crate::model::{JobId, Pe};
use crate::state::{Member, NodeIndex, Snapshot};

/// A job with the nodes for its waiting members.
pub(crate) type GroupPlaces = (JobId, Vec<(Arc<Pe>, NodeIndex)>);

/// The nodes for the waiting members of each gang and bucket that has a bound member, where there are such nodes.
#[must_use]
pub fn begun_groups(snapshot: &Snapshot) -> Vec<GroupPlaces> {
    let mut jobs: Vec<&JobId> = snapshot.jobs().filter(|(id, _)| has_begun(id, snapshot)).map(|(id, _)| id).collect();
    jobs.sort_unstable();
    let mut with = snapshot.clone();
    let mut groups = Vec::new();
    for job in jobs {
        let places = places(job, &with);
        for (pe, node) in &places {
            with.place(pe, *node);
        }
        if !places.is_empty() {
            groups.push((job.clone(), places));
        }
    }
    groups
}

fn has_begun(job: &JobId, snapshot: &Snapshot) -> bool {
    let members = snapshot.job(job).map_or(&[][..], |job| &job.members);
    let belongs = |pe: &Pe| pe.spec.as_ref().is_ok_and(|spec| spec.gang.is_some() || !spec.colocation.is_empty());
    members.iter().any(|member| member.bound_node().is_some())
        && members.iter().any(Member::is_waiting)
        && members.iter().any(|member| belongs(&member.pe))
}

fn places(job: &JobId, snapshot: &Snapshot) -> Vec<(Arc<Pe>, NodeIndex)> {
    let members = snapshot.job(job).map_or(&[][..], |job| &job.members).iter();
    let waiting: Vec<Arc<Pe>> =
        members.filter(|member| member.is_waiting()).map(|member| Arc::clone(&member.pe)).collect();
    let Some(first) = waiting.first() else { return Vec::new() };
    if asks_for_gang(first, snapshot) {
        if gang_spec(snapshot, job).is_some_and(|gang| incomplete(first, gang, snapshot).is_some()) {
            return Vec::new();
        }
        let plan = plan(snapshot, &waiting, Budget::default());
        let placements = plan.placements.into_iter().map(|placement| (placement.pe, placement.node));
        return if plan.unplaced.is_empty() { placements.collect() } else { Vec::new() };
    }
    let mut with = snapshot.clone();
    let mut places = Vec::new();
    for pe in &waiting {
        let Ok(spec) = &pe.spec else { continue };
        let bucket = BucketMembers::new(pe, spec, with.job(job));
        let decision = PlacementDecision::new(pe, &with, Foresight::Bucket);
        let anchor = bucket.anchors.iter().copied().find(|anchor| decision.filter(*anchor).is_ok());
        if let Some(anchor) = anchor {
            with.place(pe, anchor);
            places.push((Arc::clone(pe), anchor));
        }
    }
    places
}
