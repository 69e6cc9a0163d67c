//! What a plan moves: PEs that must share a node move together, gangs are placed as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

use super::super::bucket::Bucket;
use crate::model::{Gang, JobId, Pe, PodUid};
use crate::state::{JobState, Snapshot};

/// Waiting PEs of a batch that must share one node, by their places in the batch: of one bucket, or one PE alone.
pub(super) type Group = Vec<usize>;

/// Groups that are placed together or not at all, or each as well as it can be.
#[derive(Debug)]
pub(super) enum Unit {
    Free(Vec<Group>),
    Gang(Vec<Group>, Gang),
}

/// The units of a batch, in the order of their first PEs: gangs by job, and what stands between them.
pub(super) fn units(snapshot: &Snapshot, waiting: &[Arc<Pe>]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut gangs: BTreeSet<&JobId> = BTreeSet::new();
    let all = |of: Vec<usize>| groups(snapshot, waiting, of);
    for (at, pe) in waiting.iter().enumerate() {
        match gang_of(snapshot, &pe.job) {
            None => free.push(at),
            Some(gang) => {
                if gangs.insert(&pe.job) {
                    units.extend((!free.is_empty()).then(|| Unit::Free(all(std::mem::take(&mut free)))));
                    let members = waiting.iter().enumerate().filter(|(_, other)| other.job == pe.job);
                    units.push(Unit::Gang(all(members.map(|(at, _)| at).collect()), gang));
                }
            }
        }
    }
    units.extend((!free.is_empty()).then(|| Unit::Free(all(free))));
    units
}

/// The gang of a job that has not been placed yet: of different counts the largest (`PLACEMENT.md` 4).
#[must_use]
pub fn gang_of(snapshot: &Snapshot, job: &JobId) -> Option<Gang> {
    let job = snapshot.job(job)?;
    let wished = job.members.iter().filter_map(|member| member.pe.spec.as_ref().ok()?.gang);
    let gang = wished.reduce(|one, other| match (one, other) {
        (Gang::AtLeast(one), Gang::AtLeast(other)) => Gang::AtLeast(one.max(other)),
        (count @ Gang::AtLeast(_), Gang::All) | (Gang::All, count @ Gang::AtLeast(_)) => count,
        (Gang::All, Gang::All) => Gang::All,
    })?;
    let bound = job.members.iter().filter(|member| member.node.is_some()).count();
    let placed = match gang {
        Gang::All => bound > 0,
        Gang::AtLeast(count) => reaches(bound, count.get()),
    };
    (!placed).then_some(gang)
}

/// How long a gang of all waits for more after its last member was created: nobody says how many there will be. Times
/// of creation are whole seconds.
pub const QUIET: SignedDuration = SignedDuration::from_secs(3);

/// Whether enough members of a gang exist.
pub(super) fn is_complete(snapshot: &Snapshot, job: &JobId, gang: Gang) -> bool {
    let Some(job) = snapshot.job(job) else { return false };
    match gang {
        Gang::AtLeast(count) => reaches(job.members.len(), count.get()),
        Gang::All => !is_arriving(snapshot, job),
    }
}

/// True while PEs of a job have been created that others may follow.
pub(in crate::placement) fn is_arriving(snapshot: &Snapshot, job: &JobState) -> bool {
    let mut waiting = job.members.iter().filter(|member| member.node.is_none());
    waiting.any(|member| !snapshot.is_settled(member.pe.pod.created))
}

fn reaches(members: usize, count: u32) -> bool {
    usize::try_from(count).is_ok_and(|count| members >= count)
}

fn groups(snapshot: &Snapshot, waiting: &[Arc<Pe>], mut of: Vec<usize>) -> Vec<Group> {
    let mut groups = Vec::new();
    while let Some(first) = of.first().copied() {
        let mates = waiting.get(first).map(|pe| mates(snapshot, pe)).unwrap_or_default();
        let in_group = |at: &usize| *at == first || waiting.get(*at).is_some_and(|pe| mates.contains(&pe.pod.key.uid));
        let (group, rest) = of.into_iter().partition(in_group);
        groups.push(group);
        of = rest;
    }
    groups
}

fn mates(snapshot: &Snapshot, pe: &Pe) -> BTreeSet<PodUid> {
    let Ok(spec) = &pe.spec else { return BTreeSet::new() };
    let bucket = Bucket::of(pe, spec, snapshot.job(&pe.job));
    bucket.others_waiting.iter().map(|mate| mate.pod.key.uid.clone()).collect()
}
