//! What a plan moves: PEs that must share a node move together, gangs are placed as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::bucket_members::BucketMembers;
use super::super::gang::gang_spec;
use crate::model::{Gang, JobId, Pe, PodUid};
use crate::state::Snapshot;

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
        match gang_spec(snapshot, &pe.job) {
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
    let bucket = BucketMembers::new(pe, spec, snapshot.job(&pe.job));
    bucket.others_pending.iter().map(|mate| mate.pod.key.uid.clone()).collect()
}
