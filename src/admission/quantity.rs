//! Resource quantities of a raw pod: as text, and as amounts that can be compared.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::json;
use crate::model::{Resources, is_extended_resource};

/// The two halves of a container's `resources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The amount that the scheduler reserves.
    Request,
    /// The amount that the container may use at most.
    Limit,
}

impl Kind {
    /// The member of `resources` that holds this half.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Request => "requests",
            Self::Limit => "limits",
        }
    }
}

/// A quantity as it is written: a string, or a bare number.
pub(super) fn written<'v>(holder: &'v Value, kind: Kind, resource: &str) -> Option<Cow<'v, str>> {
    let value = json::get(holder, &["resources", kind.member(), resource])?;
    Some(value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed))
}

/// The amount in millicores or whole units; `None` if the text is no quantity.
pub(super) fn amount(resource: &str, text: &str) -> Option<u64> {
    let mut resources = Resources::default();
    resources.set(resource, text).ok()?;
    Some(resources.get(resource))
}

/// Thousandths of the base unit as a quantity.
pub(super) fn quantity(resource: &str, thousandths: u128) -> String {
    const MEBI: u128 = (1 << 20) * 1_000;
    if !thousandths.is_multiple_of(1_000) {
        format!("{thousandths}m")
    } else if resource != "cpu" && thousandths > 0 && thousandths.is_multiple_of(MEBI) {
        format!("{}Mi", thousandths / MEBI)
    } else {
        (thousandths / 1_000).to_string()
    }
}

/// False for a resource whose request and limit have to be equal.
pub(super) fn may_overcommit(resource: &str) -> bool {
    !is_extended_resource(resource) && !is_huge_page(resource)
}

/// True for huge pages, which the API server accepts only beside CPU or memory of the same container.
pub(super) fn is_huge_page(resource: &str) -> bool {
    resource.starts_with("hugepages-")
}

/// The resources for which the pod has pod-level requests or limits. For these the API server rejects a pod whose
/// containers request more than the pod, or have a larger limit. Other resources are those of the containers.
pub(super) fn pod_level(pod: &Value) -> BTreeSet<&str> {
    let amounts = [Kind::Request, Kind::Limit].map(|kind| json::get(pod, &["spec", "resources", kind.member()]));
    let amounts = amounts.into_iter().flatten().filter_map(Value::as_object).flatten();
    amounts.filter(|(_, amount)| !amount.is_null()).map(|(resource, _)| resource.as_str()).collect()
}

/// True if the pod has pod-level requests or limits for any resource.
pub(super) fn has_pod_level(pod: &Value) -> bool {
    !pod_level(pod).is_empty()
}
