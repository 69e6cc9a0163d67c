//! What a `LimitRange` demands of the requests and limits in its namespace.

use super::{ObjectId, ResourceList};

/// A `LimitRange`, as far as it concerns pods. Items of type `PersistentVolumeClaim` are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRange {
    /// Namespace and name.
    pub id: ObjectId,
    /// Items of type `Container`: for each container and init container.
    pub container: RequestRange,
    /// Items of type `Pod`: for the sums of a pod.
    pub pod: RequestRange,
}

/// The requests and limits that are allowed, by resource, and the defaults where a container has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestRange {
    /// The least request, and the least limit.
    pub min: ResourceList,
    /// The largest limit, and the largest request. A resource that is listed here needs a limit.
    pub max: ResourceList,
    /// The limit of a container that has none.
    pub default_limit: ResourceList,
    /// The request of a container that has neither request nor limit.
    pub default_request: ResourceList,
    /// How many times its request a limit may be, in thousandths. A resource that is listed here needs both.
    pub max_limit_request_ratio: ResourceList,
}

impl RequestRange {
    /// Demands what another range demands too. Where both have a default, the default of `self` stays.
    pub fn tighten(&mut self, by: &Self) {
        self.min.maximum(&by.min);
        self.max.minimum(&by.max);
        self.default_limit.complete(&by.default_limit, |_| true);
        self.default_request.complete(&by.default_request, |_| true);
        self.max_limit_request_ratio.minimum(&by.max_limit_request_ratio);
    }

    /// The resources that the range concerns, some more than once.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        let lists = [&self.min, &self.max, &self.default_limit, &self.default_request, &self.max_limit_request_ratio];
        lists.into_iter().flat_map(ResourceList::names)
    }

    /// True where the range concerns a resource.
    #[must_use]
    pub fn concerns(&self, resource: &str) -> bool {
        self.resources().any(|known| known == resource)
    }

    /// True where the range allows everything and has no default.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resources().next().is_none()
    }
}
