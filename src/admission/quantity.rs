//! Resource quantities of a raw pod: as text, and as amounts that can be compared.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::json;
use crate::model::Resources;

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
