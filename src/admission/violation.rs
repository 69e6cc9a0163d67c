//! What the API server rejects in a pod because of a sidecar, or of requests and limits: sums of the pod, and what quotas demand of every container.
//!
//! A pod that the API server rejects anyway is not made worse: only what is new counts.

use serde_json::Value;

use super::json;
use super::pod_resources::{PodWith, amounts, written};
use super::quantity::{Kind, has_pod_level};
use crate::model::{DemandedQuantity, NamespaceConstraints, RequestRange, ResourceList, WithheldReason};

/// A rule that a pod breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) reason: WithheldReason,
    /// The rule, without numbers: a pod breaks the same rule with and without a sidecar.
    pub(super) rule: String,
}

/// The first rule that a pod with a sidecar breaks, and without the sidecar keeps.
pub(super) fn by_sidecar(
    pod: &Value,
    sidecar: &Value,
    constraints: Option<&NamespaceConstraints>,
) -> Option<Violation> {
    by_change(PodWith { sidecar: Some(sidecar), ..PodWith::unchanged(pod) }, constraints)
}

/// The first rule that a pod breaks with other resources of its application containers, and otherwise keeps.
pub(super) fn by_resizing(
    pod: &Value,
    resized: &[Value],
    constraints: Option<&NamespaceConstraints>,
) -> Option<Violation> {
    by_change(PodWith { resized: Some(resized), ..PodWith::unchanged(pod) }, constraints)
}

fn by_change(changed: PodWith<'_>, constraints: Option<&NamespaceConstraints>) -> Option<Violation> {
    if constraints.is_none() && !has_pod_level(changed.pod) {
        return None;
    }
    let after = all(changed, constraints);
    if after.is_empty() {
        return None;
    }
    let before = all(PodWith::unchanged(changed.pod), constraints);
    after.into_iter().find(|violation| !before.contains(violation))
}

/// What the quotas that count a pod demand of each of its containers; nothing where `spec.resources` is set.
pub(super) fn demanded(pod: PodWith<'_>, constraints: Option<&NamespaceConstraints>) -> Vec<DemandedQuantity> {
    let quotas = constraints.map_or(&[][..], |constraints| &constraints.quotas);
    if quotas.is_empty() || has_pod_level(pod.pod) {
        return Vec::new();
    }
    let subject = pod.quota_subject();
    let applying = quotas.iter().filter(|quota| quota.applies_to(subject));
    let mut demanded: Vec<DemandedQuantity> = applying.flat_map(|quota| quota.quantities.iter().copied()).collect();
    demanded.sort_unstable();
    demanded.dedup();
    demanded
}

fn all(pod: PodWith<'_>, constraints: Option<&NamespaceConstraints>) -> Vec<Violation> {
    let mut found = Vec::new();
    let requests = pod.sum(Kind::Request);
    if let Some(constraints) = constraints.filter(|constraints| !constraints.pod.is_empty()) {
        check_pod(pod, &requests, &constraints.pod, &mut found);
    }
    for quantity in demanded(pod, constraints) {
        let kind = if quantity.is_limit() { Kind::Limit } else { Kind::Request };
        let lacks = |container: &&Value| amounts(container, kind).get(quantity.resource()).is_none();
        found.extend(pod.all_containers().filter(lacks).map(|container| {
            let name = json::text(container, &["name"]).unwrap_or_default();
            let what = if quantity.is_limit() { "limit" } else { "request" };
            let resource = quantity.resource();
            let rule = format!("a ResourceQuota demands a {resource} {what}, which container `{name}` lacks");
            Violation { reason: WithheldReason::QuotaUnsatisfied, rule }
        }));
    }
    check_pod_level(pod, &requests, &mut found);
    found
}

/// Checks the sums of a pod as the admission plugin `LimitRanger` does.
fn check_pod(pod: PodWith<'_>, sum: &ResourceList, range: &RequestRange, found: &mut Vec<Violation>) {
    let spec = json::get(pod.pod, &["spec"]).unwrap_or(&Value::Null);
    let (mut requests, mut limits) = (sum.clone(), pod.sum(Kind::Limit));
    requests.replace(&written(spec, Kind::Request), is_pod_level);
    requests.complete(&written(spec, Kind::Limit), is_pod_level);
    limits.replace(&written(spec, Kind::Limit), is_pod_level);
    let mut broken = |resource: &str, what: &str| {
        let rule = format!("{resource} of the pod: {what} of a LimitRange");
        found.push(Violation { reason: WithheldReason::LimitRangeViolated, rule });
    };
    for resource in range.min.names() {
        let least = range.min.get(resource).unwrap_or(0);
        let is_less = |amount: Option<u128>| amount.is_some_and(|amount| amount < least);
        if requests.get(resource).is_none_or(|request| request < least) || is_less(limits.get(resource)) {
            broken(resource, "the minimum");
        }
    }
    for resource in range.max.names() {
        let most = range.max.get(resource).unwrap_or(0);
        let is_more = |amount: Option<u128>| amount.is_some_and(|amount| amount > most);
        if limits.get(resource).is_none_or(|limit| limit > most) || is_more(requests.get(resource)) {
            broken(resource, "the maximum");
        }
    }
    for resource in range.max_limit_request_ratio.names() {
        let most = range.max_limit_request_ratio.get(resource).unwrap_or(0);
        let (request, limit) = (requests.get(resource).unwrap_or(0), limits.get(resource).unwrap_or(0));
        if request == 0 || limit == 0 || limit.saturating_mul(1_000) > most.saturating_mul(request) {
            broken(resource, "the ratio of limit and request");
        }
    }
}

/// Checks the containers against `spec.resources`, as `validatePodResourceConsistency` of `pkg/apis/core/validation` does.
fn check_pod_level(pod: PodWith<'_>, sum: &ResourceList, found: &mut Vec<Violation>) {
    if !has_pod_level(pod.pod) {
        return;
    }
    let spec = json::get(pod.pod, &["spec"]).unwrap_or(&Value::Null);
    let (requests, limits) = (amounts(spec, Kind::Request), written(spec, Kind::Limit));
    let exceeded = |resource: &str, what: &str| {
        let rule = format!("spec.resources: {what} of {resource} exceed the pod's");
        Violation { reason: WithheldReason::PodResourcesExceeded, rule }
    };
    let is_more =
        |amount: Option<u128>, most: Option<u128>| amount.zip(most).is_some_and(|(amount, most)| amount > most);
    for resource in sum.names().filter(|resource| is_pod_level(resource)) {
        if is_more(sum.get(resource), requests.get(resource)) {
            found.push(exceeded(resource, "requests"));
        }
    }
    for container in pod.all_containers() {
        let own = written(container, Kind::Limit);
        let more = own.names().filter(|resource| is_more(own.get(resource), limits.get(resource)));
        found.extend(more.map(|resource| exceeded(resource, "limits")));
    }
}

/// True for a resource that may have a value for the whole pod.
fn is_pod_level(resource: &str) -> bool {
    matches!(resource, "cpu" | "memory") || resource.starts_with("hugepages-")
}

#[cfg(test)]
#[path = "tests/violation.rs"]
mod tests;
