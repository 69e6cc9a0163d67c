//! What ties PEs of a job to one node by their wishes, and what keeps two of them apart all the same.

use std::collections::{BTreeMap, BTreeSet};

use super::{ObjectId, PlacementSpec, Token};

/// What ties PEs of a job to one node (legacy rule C4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColocationGroup<'a> {
    /// A shared colocation token.
    Token(&'a Token),
    /// The same place of a sized pool.
    Place(&'a ObjectId, u32),
}

/// What keeps two PEs from sharing a node, whichever it is (legacy rule C9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecConflict<'a> {
    /// They share this exlocation token.
    Exlocation(&'a Token),
    /// One of them is isolated.
    Isolation,
    /// They name two places of one pool: the first one's, then the other one's.
    Places(&'a ObjectId, u32, u32),
}

impl PlacementSpec {
    /// What ties the PE to others that have the same tie.
    pub fn ties(&self) -> impl Iterator<Item = ColocationGroup<'_>> {
        let place = self.pool_place().map(|(pool, index)| ColocationGroup::Place(pool, index));
        self.colocation.iter().map(ColocationGroup::Token).chain(place)
    }

    /// True where the PE has one of these ties.
    #[must_use]
    pub fn is_tied_by(&self, ties: &BTreeSet<ColocationGroup<'_>>) -> bool {
        self.ties().any(|tie| ties.contains(&tie))
    }

    /// Every tie that is reached from those of the PE over the PEs of its job: who has one of them shares its node.
    #[must_use]
    pub fn reach<'a>(&'a self, job: &(impl Iterator<Item = &'a Self> + Clone)) -> BTreeSet<ColocationGroup<'a>> {
        let mut reached: BTreeSet<ColocationGroup<'_>> = self.ties().collect();
        loop {
            let before = reached.len();
            for other in job.clone() {
                if other.is_tied_by(&reached) {
                    reached.extend(other.ties());
                }
            }
            if reached.len() == before {
                return reached;
            }
        }
    }

    /// What keeps the PE from sharing a node with another one.
    #[must_use]
    pub fn conflict<'a>(&'a self, other: &Self) -> Option<SpecConflict<'a>> {
        // Tokens are sorted, and there may be many.
        if let Some(token) = self.exlocation.iter().find(|token| other.exlocation.binary_search(token).is_ok()) {
            return Some(SpecConflict::Exlocation(token));
        }
        if self.isolation.is_some() || other.isolation.is_some() {
            return Some(SpecConflict::Isolation);
        }
        match (self.pool_place(), other.pool_place()) {
            (Some((pool, own)), Some((other_pool, index))) if pool == other_pool && own != index => {
                Some(SpecConflict::Places(pool, own, index))
            }
            _ => None,
        }
    }

    /// The first of these PEs that cannot share a node with one before it: the places of the two, that one's first. Buckets
    /// may be large, so that nothing is compared with everything.
    #[must_use]
    pub fn first_conflict<'a>(bucket: &[&'a Self]) -> Option<(usize, usize, SpecConflict<'a>)> {
        let mut tokens: BTreeMap<&Token, usize> = BTreeMap::new();
        let mut places: BTreeMap<&ObjectId, (u32, usize)> = BTreeMap::new();
        for (at, spec) in bucket.iter().enumerate() {
            let by_token = spec.exlocation.iter().filter_map(|token| tokens.get(token).copied()).min();
            let by_place = spec.pool_place().and_then(|(pool, index)| {
                let (known, holder) = *places.entry(pool).or_insert((index, at));
                (known != index).then_some(holder)
            });
            // An isolated PE clashes with every other one.
            let is_isolated = |spec: &Self| spec.isolation.is_some();
            let first = bucket.first().filter(|first| at > 0 && (is_isolated(first) || is_isolated(spec)));
            let by_isolation = first.and(Some(0));
            if let Some(before) = by_token.or(by_isolation).or(by_place) {
                return bucket.get(before)?.conflict(spec).map(|conflict| (before, at, conflict));
            }
            for token in &spec.exlocation {
                tokens.entry(token).or_insert(at);
            }
        }
        None
    }
}

impl SpecConflict<'_> {
    /// The clash as one that PEs of a bucket have, told of the first one; `other` is the name of the other one.
    #[must_use]
    pub fn within_bucket(&self, other: &str) -> String {
        match self {
            Self::Exlocation(token) => format!(
                "colocation against exlocation: it shares exlocation token `{token}` with PE {other}, which is in its bucket"
            ),
            Self::Isolation => {
                format!("colocation against isolation: an isolated PE cannot share a bucket, here with PE {other}")
            }
            Self::Places(pool, own, index) => format!(
                "two indices of one pool: a bucket cannot have nodes {own} and {index} of HostPool `{pool}`, here with PE {other}"
            ),
        }
    }

    /// What would help.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Exlocation(_) => "take that token out of one of them, or the colocation that ties them",
            Self::Isolation => "leave isolated out, or the colocation or poolIndex that ties them",
            Self::Places(..) => "take the colocation out that ties them",
        }
    }
}
