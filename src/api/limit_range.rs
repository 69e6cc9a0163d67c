//! Objects `LimitRange`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange as LimitRangeObject, LimitRangeItem};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::metadata::object_id;
use crate::model::{InvalidQuantity, LimitRange, RequestRange, ResourceList};

/// The largest number of resources of one list that are read, beside those that every cluster has.
const MOST_OTHER_RESOURCES: usize = 61;

impl TryFrom<&LimitRangeObject> for LimitRange {
    type Error = InvalidQuantity;

    fn try_from(object: &LimitRangeObject) -> Result<Self, InvalidQuantity> {
        let mut limit_range =
            Self { id: object_id(&object.metadata), container: RequestRange::default(), pod: RequestRange::default() };
        for item in object.spec.iter().flat_map(|spec| &spec.limits) {
            match item.type_.as_str() {
                "Container" => limit_range.container.tighten(&with_defaults(range(item)?)),
                "Pod" => limit_range.pod.tighten(&range(item)?),
                _ => {}
            }
        }
        Ok(limit_range)
    }
}

fn range(item: &LimitRangeItem) -> Result<RequestRange, InvalidQuantity> {
    Ok(RequestRange {
        min: amounts(item.min.as_ref())?,
        max: amounts(item.max.as_ref())?,
        default_limit: amounts(item.default.as_ref())?,
        default_request: amounts(item.default_request.as_ref())?,
        max_limit_request_ratio: amounts(item.max_limit_request_ratio.as_ref())?,
    })
}

/// Completes the defaults as `SetDefaults_LimitRangeItem` of `pkg/apis/core/v1` does when the object is stored.
fn with_defaults(mut range: RequestRange) -> RequestRange {
    range.default_limit.complete(&range.max, |_| true);
    range.default_request.complete(&range.default_limit, |_| true);
    range.default_request.complete(&range.min, |_| true);
    range
}

fn amounts(written: Option<&BTreeMap<String, Quantity>>) -> Result<ResourceList, InvalidQuantity> {
    let is_standard = |name: &str| matches!(name, "cpu" | "memory" | "ephemeral-storage");
    let (standard, other): (Vec<_>, Vec<_>) = written.into_iter().flatten().partition(|(name, _)| is_standard(name));
    let mut amounts = ResourceList::default();
    for (name, amount) in standard.into_iter().chain(other.into_iter().take(MOST_OTHER_RESOURCES)) {
        amounts.set(name, &amount.0)?;
    }
    Ok(amounts)
}

#[cfg(test)]
#[path = "tests/limit_range.rs"]
mod tests;
