//! Fits the requests and limits of a sidecar to its namespace.
//!
//! The API server rejects a pod with a container outside of a `LimitRange`, and one that lacks what a `ResourceQuota` demands.
//! Its own defaults come too late: they are made for containers that know nothing of the request that the sidecar has.
//!
//! A request of the policy is what the sidecar needs, and is never lowered. A limit of the policy is lowered to the maximum,
//! and never below the request. A limit that is missing is the default of the namespace, otherwise the request: the least
//! that is legal, which takes the least of a quota.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::pod_resources::{amounts, written};
use super::quantity::{Kind, may_overcommit, quantity};
use crate::model::{DemandedQuantity, RequestRange, WithheldReason};

/// Why a sidecar cannot be fitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) reason: WithheldReason,
    pub(super) problem: String,
}

/// Changes requests and limits of a container so that they are in the range, and states what is demanded. Returns what a
/// user should know: values of the policy that have changed, and values that a quota demands.
pub(super) fn fit(
    container: &mut Value,
    range: &RequestRange,
    demanded: &[DemandedQuantity],
) -> Result<Vec<String>, Unfit> {
    let demanded_resources = demanded.iter().map(|quantity| quantity.resource());
    let concerned: BTreeSet<String> = range.resources().chain(demanded_resources).map(str::to_owned).collect();
    let mut notes = Vec::new();
    for resource in &concerned {
        let before = Pair::of(container, resource);
        let fitting = Fitting::new(resource, range, demanded);
        let after = fitting.fit(before)?;
        for (kind, what, before, after, is_demanded) in [
            (Kind::Request, "request", before.request, after.request, fitting.demands_request),
            (Kind::Limit, "limit", before.limit, after.limit, fitting.demands_limit),
        ] {
            let Some(after) = after.filter(|after| before != Some(*after)) else { continue };
            let text = quantity(resource, after);
            if before.is_some() {
                notes.push(format!("{resource} {what} is `{text}`, for a LimitRange"));
            } else if is_demanded {
                notes.push(format!("{resource} {what} is `{text}`, as a ResourceQuota demands one"));
            }
            set(container, kind, resource, text);
        }
    }
    Ok(notes)
}

/// Request and limit of one resource, in thousandths of its base unit.
#[derive(Clone, Copy)]
struct Pair {
    /// The request; the limit where only that is written.
    request: Option<u128>,
    limit: Option<u128>,
}

impl Pair {
    fn of(container: &Value, resource: &str) -> Self {
        let request = amounts(container, Kind::Request).get(resource);
        Self { request, limit: written(container, Kind::Limit).get(resource) }
    }
}

/// What a namespace demands of one resource.
struct Fitting<'a> {
    resource: &'a str,
    range: &'a RequestRange,
    demands_request: bool,
    demands_limit: bool,
}

impl<'a> Fitting<'a> {
    fn new(resource: &'a str, range: &'a RequestRange, demanded: &[DemandedQuantity]) -> Self {
        let demands = |limit| demanded.iter().any(|one| one.resource() == resource && one.is_limit() == limit);
        Self { resource, range, demands_request: demands(false), demands_limit: demands(true) }
    }

    fn fit(&self, of_policy: Pair) -> Result<Pair, Unfit> {
        let Self { resource, range, .. } = self;
        let (least, most) = (range.min.get(resource).unwrap_or(0), range.max.get(resource));
        let ratio = range.max_limit_request_ratio.get(resource);
        let needs_limit = most.is_some() || ratio.is_some() || self.demands_limit;
        let needs_request = range.min.get(resource).is_some() || ratio.is_some() || self.demands_request;

        let request = of_policy.request.or_else(|| range.default_request.get(resource));
        let limit = of_policy.limit.or_else(|| range.default_limit.get(resource));
        let limit = limit.or(if needs_limit { request } else { None });
        // A limit sets a request that is missing.
        let request = request.or(limit);
        if (needs_limit && limit.is_none()) || (needs_request && request.is_none()) {
            return Err(self.not_stated());
        }
        let Some(request) = request else { return Ok(of_policy) };
        let needed = of_policy.request.unwrap_or(0);
        if most.is_some_and(|most| most < least.max(needed)) {
            return Err(self.above_maximum(needed));
        }
        let request = request.max(least).min(most.unwrap_or(u128::MAX));
        let limit = limit.map(|limit| limit.max(request).min(most.unwrap_or(u128::MAX)));
        let fitted = Pair { request: Some(request), limit };
        let fitted = match (ratio, limit) {
            (Some(ratio), Some(limit)) => self.within_ratio(request, limit, ratio, of_policy.limit.is_some())?,
            _ => fitted,
        };
        Ok(if may_overcommit(resource) { fitted } else { Pair { request: fitted.limit.or(fitted.request), ..fitted } })
    }

    /// Raises the request where the limit is the policy's, because a lower limit could end the sidecar, and otherwise lowers
    /// the limit.
    fn within_ratio(&self, request: u128, limit: u128, ratio: u128, is_of_policy: bool) -> Result<Pair, Unfit> {
        let unit = if self.resource == "cpu" { 1 } else { 1_000 };
        let allowed = request.saturating_mul(ratio) / 1_000;
        let (request, limit) = if limit <= allowed {
            (request, limit)
        } else if is_of_policy {
            let least = limit.saturating_mul(1_000).div_ceil(ratio.max(1));
            (least.next_multiple_of(unit).min(limit), limit)
        } else {
            (request, (allowed / unit * unit).max(request))
        };
        if request == 0 {
            return Err(self.not_stated());
        }
        Ok(Pair { request: Some(request), limit: Some(limit) })
    }

    fn not_stated(&self) -> Unfit {
        let resource = self.resource;
        if self.demands_limit || self.demands_request {
            let problem = format!("a ResourceQuota demands {resource} of each container, and the policy states none");
            return Unfit { reason: WithheldReason::QuotaUnsatisfied, problem };
        }
        let problem = format!("a LimitRange demands {resource} of each container, and the policy states none");
        Unfit { reason: WithheldReason::LimitRangeViolated, problem }
    }

    fn above_maximum(&self, needed: u128) -> Unfit {
        let (resource, most) = (self.resource, self.range.max.get(self.resource).unwrap_or(0));
        let (needed, most) = (quantity(resource, needed), quantity(resource, most));
        let problem = format!("it requests `{needed}` of {resource}, a LimitRange allows `{most}`");
        Unfit { reason: WithheldReason::LimitRangeViolated, problem }
    }
}

/// Sets one quantity. A member that is no object stays: the API server rejects it, with or without this quantity.
fn set(container: &mut Value, kind: Kind, resource: &str, text: String) {
    let resources = container.as_object_mut().and_then(|container| object_in(container, "resources"));
    if let Some(amounts) = resources.and_then(|resources| object_in(resources, kind.member())) {
        amounts.insert(resource.to_owned(), Value::from(text));
    }
}

/// The object in a member, which is made where it is missing or null.
fn object_in<'v>(members: &'v mut Map<String, Value>, member: &str) -> Option<&'v mut Map<String, Value>> {
    let value = members.entry(member).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

#[cfg(test)]
#[path = "tests/fit.rs"]
mod tests;
