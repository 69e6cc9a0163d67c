//! Groups and units of a batch: a plan moves a group as a whole, and places all groups of a gang or none.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::bucket_members::BucketMembers;
use super::super::gang::gang_spec;
use crate::model::{Gang, JobId, Pe, PodUid};
use crate::state::Snapshot;

/// The pending PEs of one bucket, or one PE alone, by their positions in the batch.
pub(super) type Group = Vec<usize>;

/// Groups that are planned together.
#[derive(Debug)]
pub(super) enum Unit {
    /// Groups without a gang: each is placed where a node passes.
    Free(Vec<Group>),
    /// The groups of a gang: all are placed, or none.
    Gang { groups: Vec<Group>, gang: Gang },
}

/// Splits a batch into units, in the order of their first PEs: one unit for each gang, and one for the PEs between two
/// gangs.
pub(super) fn units(snapshot: &Snapshot, batch: &[Arc<Pe>]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut gangs: BTreeSet<&JobId> = BTreeSet::new();
    let all = |positions: Vec<usize>| groups(snapshot, batch, positions);
    for (at, pe) in batch.iter().enumerate() {
        match gang_spec(snapshot, &pe.job) {
            None => free.push(at),
            Some(gang) => {
                if gangs.insert(&pe.job) {
                    units.extend((!free.is_empty()).then(|| Unit::Free(all(std::mem::take(&mut free)))));
                    let members = batch.iter().enumerate().filter(|(_, other)| other.job == pe.job);
                    units.push(Unit::Gang { groups: all(members.map(|(at, _)| at).collect()), gang });
                }
            }
        }
    }
    units.extend((!free.is_empty()).then(|| Unit::Free(all(free))));
    units
}

fn groups(snapshot: &Snapshot, batch: &[Arc<Pe>], mut rest: Vec<usize>) -> Vec<Group> {
    let mut groups = Vec::new();
    while let Some(first) = rest.first().copied() {
        let mates = batch.get(first).map(|pe| bucket_mates(snapshot, pe)).unwrap_or_default();
        let in_group = |at: &usize| *at == first || batch.get(*at).is_some_and(|pe| mates.contains(&pe.pod.key.uid));
        let (group, others) = rest.into_iter().partition(in_group);
        groups.push(group);
        rest = others;
    }
    groups
}

/// The other pending members of a PE's bucket.
fn bucket_mates(snapshot: &Snapshot, pe: &Pe) -> BTreeSet<PodUid> {
    let Ok(spec) = &pe.spec else { return BTreeSet::new() };
    let bucket = BucketMembers::new(pe, spec, snapshot.job(&pe.job));
    bucket.others_pending.iter().map(|mate| mate.pod.key.uid.clone()).collect()
}
