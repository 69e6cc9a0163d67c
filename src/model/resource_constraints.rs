//! What the API server demands of the requests and limits of pods, by namespace.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{LimitRange, Namespace, ObjectId, QuotaDemand, RequestRange, ResourceQuota};

/// What `LimitRange` and `ResourceQuota` objects demand of the requests and limits of pods, by namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceConstraints {
    limit_ranges: BTreeMap<Namespace, BTreeMap<Arc<str>, LimitRange>>,
    quotas: BTreeMap<Namespace, BTreeMap<Arc<str>, ResourceQuota>>,
    by_namespace: BTreeMap<Namespace, Arc<NamespaceConstraints>>,
}

/// What all `LimitRange` and `ResourceQuota` objects of a namespace demand together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceConstraints {
    /// For each container and init container. Where objects have different defaults, those of the first name count: the
    /// API server takes those of any.
    pub container: RequestRange,
    /// For the sums of a pod.
    pub pod: RequestRange,
    /// What quotas demand of each container.
    pub quotas: Vec<QuotaDemand>,
}

/// The largest number of different demands of the quotas of a namespace. Beyond it, a quota counts for every pod.
const MOST_DEMANDS: usize = 64;

impl ResourceConstraints {
    /// What the objects of a namespace demand; `None` where there is none.
    #[must_use]
    pub fn in_namespace(&self, namespace: &Namespace) -> Option<&NamespaceConstraints> {
        self.by_namespace.get(namespace).map(|constraints| &**constraints)
    }

    /// The names of all limit ranges.
    pub fn limit_ranges(&self) -> impl Iterator<Item = &ObjectId> {
        self.limit_ranges.values().flat_map(BTreeMap::values).map(|known| &known.id)
    }

    /// The names of all quotas.
    pub fn quotas(&self) -> impl Iterator<Item = &ObjectId> {
        self.quotas.values().flat_map(BTreeMap::values).map(|known| &known.id)
    }

    /// True where the limit range is known as it is here.
    #[must_use]
    pub fn has_limit_range(&self, limit_range: &LimitRange) -> bool {
        let id = &limit_range.id;
        self.limit_ranges.get(&id.namespace).and_then(|known| known.get(&id.name)) == Some(limit_range)
    }

    /// True where the quota is known as it is here.
    #[must_use]
    pub fn has_quota(&self, quota: &ResourceQuota) -> bool {
        let id = &quota.id;
        self.quotas.get(&id.namespace).and_then(|known| known.get(&id.name)) == Some(quota)
    }

    /// Adds a limit range, in the place of an earlier version.
    pub fn put_limit_range(&mut self, limit_range: LimitRange) {
        let ObjectId { namespace, name } = limit_range.id.clone();
        self.limit_ranges.entry(namespace.clone()).or_default().insert(name, limit_range);
        self.combine(&namespace);
    }

    /// Adds a quota, in the place of an earlier version.
    pub fn put_quota(&mut self, quota: ResourceQuota) {
        let ObjectId { namespace, name } = quota.id.clone();
        self.quotas.entry(namespace.clone()).or_default().insert(name, quota);
        self.combine(&namespace);
    }

    /// Removes a limit range. Returns false where there was none.
    pub fn remove_limit_range(&mut self, id: &ObjectId) -> bool {
        let removed = remove(&mut self.limit_ranges, id);
        self.combine(&id.namespace);
        removed
    }

    /// Removes a quota. Returns false where there was none.
    pub fn remove_quota(&mut self, id: &ObjectId) -> bool {
        let removed = remove(&mut self.quotas, id);
        self.combine(&id.namespace);
        removed
    }

    fn combine(&mut self, namespace: &Namespace) {
        let mut combined = NamespaceConstraints::default();
        for limit_range in self.limit_ranges.get(namespace).into_iter().flat_map(BTreeMap::values) {
            combined.container.tighten(&limit_range.container);
            combined.pod.tighten(&limit_range.pod);
        }
        for quota in self.quotas.get(namespace).into_iter().flat_map(BTreeMap::values) {
            combined.add_demand(&quota.demand);
        }
        if combined == NamespaceConstraints::default() {
            self.by_namespace.remove(namespace);
        } else {
            self.by_namespace.insert(namespace.clone(), Arc::new(combined));
        }
    }
}

impl NamespaceConstraints {
    fn add_demand(&mut self, demand: &QuotaDemand) {
        if demand.quantities.is_empty() || self.quotas.contains(demand) {
            return;
        }
        if self.quotas.len() < MOST_DEMANDS {
            self.quotas.push(demand.clone());
            return;
        }
        let for_every_pod = QuotaDemand { scopes: Vec::new(), quantities: demand.quantities.clone() };
        if !self.quotas.contains(&for_every_pod) {
            self.quotas.push(for_every_pod);
        }
    }
}

fn remove<T>(objects: &mut BTreeMap<Namespace, BTreeMap<Arc<str>, T>>, id: &ObjectId) -> bool {
    let Some(named) = objects.get_mut(&id.namespace) else { return false };
    let removed = named.remove(&id.name).is_some();
    if named.is_empty() {
        objects.remove(&id.namespace);
    }
    removed
}

#[cfg(test)]
#[path = "tests/resource_constraints.rs"]
mod tests;
