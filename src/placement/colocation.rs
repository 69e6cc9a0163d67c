//! Colocation groups, which join PEs of a job to a bucket; and conflicts between the placement specs of two PEs.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ObjectId, PlacementSpec, Token};

/// A colocation group: PEs of a job in the same group share a node (legacy rule C4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ColocationGroup<'a> {
    /// A shared colocation token.
    Token(&'a Token),
    /// The same index of a sized pool.
    PoolIndex {
        /// The pool.
        pool: &'a ObjectId,
        /// The index, from 0.
        index: u32,
    },
}

/// A conflict between the placement specs of two PEs: the PEs cannot share a node (legacy rule C9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpecConflict<'a> {
    /// The PEs share this exlocation token.
    Exlocation(&'a Token),
    /// One of the PEs is isolated.
    Isolation,
    /// The PEs name two indexes of one pool.
    PoolIndexes {
        /// The pool.
        pool: &'a ObjectId,
        /// The index that the first PE names.
        own: u32,
        /// The index that the other PE names.
        other: u32,
    },
}

/// The groups that a PE belongs to.
pub(super) fn colocation_groups(spec: &PlacementSpec) -> impl Iterator<Item = ColocationGroup<'_>> {
    let place = spec.pool_place().map(|(pool, index)| ColocationGroup::PoolIndex { pool, index });
    spec.colocation.iter().map(ColocationGroup::Token).chain(place)
}

/// True where a PE belongs to one of these groups.
pub(crate) fn is_in_bucket(spec: &PlacementSpec, groups: &BTreeSet<ColocationGroup<'_>>) -> bool {
    colocation_groups(spec).any(|group| groups.contains(&group))
}

/// All groups of a PE's bucket: the transitive closure over the PEs of the job. Each PE is visited once for each of its
/// groups, in whatever order a chain of PEs was created.
pub(crate) fn bucket_groups<'a>(
    spec: &'a PlacementSpec,
    job: &(impl Iterator<Item = &'a PlacementSpec> + Clone),
) -> BTreeSet<ColocationGroup<'a>> {
    let mut pes_of: BTreeMap<ColocationGroup<'_>, Vec<&PlacementSpec>> = BTreeMap::new();
    for other in job.clone() {
        for group in colocation_groups(other) {
            pes_of.entry(group).or_default().push(other);
        }
    }
    let mut reached: BTreeSet<ColocationGroup<'_>> = colocation_groups(spec).collect();
    let mut next: Vec<ColocationGroup<'_>> = reached.iter().copied().collect();
    while let Some(group) = next.pop() {
        let pes = pes_of.remove(&group).unwrap_or_default();
        next.extend(pes.into_iter().flat_map(colocation_groups).filter(|group| reached.insert(*group)));
    }
    reached
}

/// The conflict between two PEs.
pub(crate) fn conflict_between<'a>(spec: &'a PlacementSpec, other: &PlacementSpec) -> Option<SpecConflict<'a>> {
    // Tokens are sorted, and a PE may have many.
    if let Some(token) = spec.exlocation.iter().find(|token| other.exlocation.binary_search(token).is_ok()) {
        return Some(SpecConflict::Exlocation(token));
    }
    if spec.isolation.is_some() || other.isolation.is_some() {
        return Some(SpecConflict::Isolation);
    }
    match (spec.pool_place(), other.pool_place()) {
        (Some((pool, own)), Some((other_pool, other))) if pool == other_pool && own != other => {
            Some(SpecConflict::PoolIndexes { pool, own, other })
        }
        _ => None,
    }
}

/// Finds the first PE of a bucket that conflicts with an earlier PE. Returns the positions of both in the bucket, the
/// earlier PE first. Buckets may be large, so no PE is compared with every other PE.
pub(crate) fn first_conflict<'a>(bucket: &[&'a PlacementSpec]) -> Option<(usize, usize, SpecConflict<'a>)> {
    let mut tokens: BTreeMap<&Token, usize> = BTreeMap::new();
    let mut indexes: BTreeMap<&ObjectId, (u32, usize)> = BTreeMap::new();
    for (at, spec) in bucket.iter().enumerate() {
        let by_token = spec.exlocation.iter().filter_map(|token| tokens.get(token).copied()).min();
        let by_index = spec.pool_place().and_then(|(pool, index)| {
            let (known, holder) = *indexes.entry(pool).or_insert((index, at));
            (known != index).then_some(holder)
        });
        // An isolated PE conflicts with every other PE.
        let is_isolated = |spec: &PlacementSpec| spec.isolation.is_some();
        let first = bucket.first().filter(|first| at > 0 && (is_isolated(first) || is_isolated(spec)));
        let by_isolation = first.and(Some(0));
        if let Some(before) = by_token.or(by_isolation).or(by_index) {
            return conflict_between(bucket.get(before)?, spec).map(|conflict| (before, at, conflict));
        }
        for token in &spec.exlocation {
            tokens.entry(token).or_insert(at);
        }
    }
    None
}

impl SpecConflict<'_> {
    /// The message about a conflict within a bucket, for the first PE; `other` is the name of the other PE.
    #[must_use]
    pub(crate) fn within_bucket(&self, other: &str) -> String {
        match self {
            Self::Exlocation(token) => format!(
                "colocation against exlocation: it shares exlocation token `{token}` with PE {other}, which is in its bucket"
            ),
            Self::Isolation => {
                format!("colocation against isolation: an isolated PE cannot share a bucket, here with PE {other}")
            }
            Self::PoolIndexes { pool, own, other: index } => format!(
                "two indices of one pool: a bucket cannot have nodes {own} and {index} of HostPool `{pool}`, here with PE {other}"
            ),
        }
    }

    /// The change that would end the conflict.
    #[must_use]
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Exlocation(_) => "take that token out of one of them, or the colocation that ties them",
            Self::Isolation => "leave isolated out, or the colocation or poolIndex that ties them",
            Self::PoolIndexes { .. } => "take the colocation out that ties them",
        }
    }
}
