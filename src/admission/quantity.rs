//! Quantities as they stand in a pod: as text, and compared as amounts.

use std::borrow::Cow;

use serde_json::Value;

use super::json;
use crate::model::Resources;

/// The two halves of a container's `resources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// What the scheduler sets aside.
    Request,
    /// What the container may use at most.
    Limit,
}

impl Kind {
    /// The member of `resources` that holds them.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Request => "requests",
            Self::Limit => "limits",
        }
    }
}

/// A quantity as written; people write bare numbers too.
pub(super) fn written<'v>(holder: &'v Value, kind: Kind, resource: &str) -> Option<Cow<'v, str>> {
    let value = json::get(holder, &["resources", kind.member(), resource])?;
    Some(value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed))
}

/// The amount that a text stands for, in millicores or whole units; `None` where it is no quantity.
pub(super) fn amount(resource: &str, text: &str) -> Option<u64> {
    let mut resources = Resources::default();
    resources.set(resource, text).ok()?;
    Some(resources.get(resource))
}

/// True when the pod as a whole has requests or limits, which then rule over those of its containers.
pub(super) fn has_pod_level(pod: &Value) -> bool {
    [Kind::Request, Kind::Limit].into_iter().any(|kind| {
        let amounts = json::get(pod, &["spec", "resources", kind.member()]);
        amounts.and_then(Value::as_object).is_some_and(|amounts| !amounts.is_empty())
    })
}
