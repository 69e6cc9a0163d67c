//! Objects `ResourceQuota`.

use k8s_openapi::api::core::v1::{ResourceQuota as ResourceQuotaObject, ScopedResourceSelectorRequirement};

use super::metadata::object_id;
use crate::model::{DemandedQuantity, QuotaDemand, QuotaScope, ResourceQuota};

/// The largest number of priority classes that are read of one scope.
const MOST_CLASSES: usize = 64;

impl From<&ResourceQuotaObject> for ResourceQuota {
    fn from(object: &ResourceQuotaObject) -> Self {
        // The API server judges by the status, which a controller copies from the spec some time later.
        let of_spec = object.spec.as_ref().and_then(|spec| spec.hard.as_ref());
        let of_status = object.status.as_ref().and_then(|status| status.hard.as_ref());
        let hard = [of_spec, of_status].into_iter().flatten().flat_map(|hard| hard.keys());
        let mut quantities: Vec<DemandedQuantity> = hard.filter_map(|name| DemandedQuantity::of_hard(name)).collect();
        quantities.sort_unstable();
        quantities.dedup();
        Self { id: object_id(&object.metadata), demand: QuotaDemand { scopes: scopes(object), quantities } }
    }
}

/// The scopes, sorted. A scope that is left out here makes the quota count for more pods, which harms none: what it demands
/// of a container is never illegal.
fn scopes(object: &ResourceQuotaObject) -> Vec<QuotaScope> {
    let spec = object.spec.as_ref();
    let plain = spec.and_then(|spec| spec.scopes.as_ref()).into_iter().flatten();
    let plain = plain.filter_map(|name| plain_scope(name));
    let selector = spec.and_then(|spec| spec.scope_selector.as_ref()?.match_expressions.as_ref());
    let mut scopes: Vec<QuotaScope> = plain.chain(selector.into_iter().flatten().filter_map(selected_scope)).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn plain_scope(name: &str) -> Option<QuotaScope> {
    match name {
        "Terminating" => Some(QuotaScope::Terminating(true)),
        "NotTerminating" => Some(QuotaScope::Terminating(false)),
        "BestEffort" => Some(QuotaScope::BestEffort(true)),
        "NotBestEffort" => Some(QuotaScope::BestEffort(false)),
        "PriorityClass" => Some(QuotaScope::HasPriorityClass(true)),
        _ => None,
    }
}

fn selected_scope(written: &ScopedResourceSelectorRequirement) -> Option<QuotaScope> {
    if written.scope_name != "PriorityClass" {
        return plain_scope(&written.scope_name);
    }
    let classes = || written.values.iter().flatten();
    let few = || (classes().count() <= MOST_CLASSES).then(|| classes().map(|class| class.as_str().into()).collect());
    match written.operator.as_str() {
        "Exists" => Some(QuotaScope::HasPriorityClass(true)),
        "DoesNotExist" => Some(QuotaScope::HasPriorityClass(false)),
        "In" => few().map(QuotaScope::PriorityClassIn),
        "NotIn" => few().map(QuotaScope::PriorityClassNotIn),
        _ => None,
    }
}

#[cfg(test)]
#[path = "tests/resource_quota.rs"]
mod tests;
