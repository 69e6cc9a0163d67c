//! Limit ranges, as the admission plugin `LimitRanger` of Kubernetes applies them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::{Map, Value};

use super::json::{change_containers, containers, member, object_in, resources};
use super::pod_level::{is_pod_level, sum_of_containers};
use super::rejection::Rejection;
use crate::model::{RequestsAndLimits, ResourceList};

/// The annotation in which the plugin lists what it has set.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

type Quantities = BTreeMap<String, Quantity>;

/// Gives each container the default requests and limits that it does not have.
pub(super) fn set_defaults(pod: &mut Value, limit_range: &LimitRange) {
    let defaults = Defaults::read(limit_range);
    let mut set = Vec::new();
    change_containers(pod, |list, container| {
        let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
        let which = if list == "containers" { "container" } else { "init container" };
        let whose = format!("{which} {name}");
        let Some(resources) = object_in(container, "resources") else { return };
        for (member, defaults, what) in
            [("requests", &defaults.requests, "request"), ("limits", &defaults.limits, "limit")]
        {
            let names = add(resources, member, defaults);
            if !names.is_empty() {
                set.push(format!("{} {what} for {whose}", names.join(", ")));
            }
        }
    });
    let annotations = pod.get_mut("metadata").and_then(Value::as_object_mut);
    let annotations = annotations.and_then(|metadata| object_in(metadata, "annotations"));
    if let (Some(annotations), false) = (annotations, set.is_empty()) {
        let text = format!("LimitRanger plugin set: {}", set.join("; "));
        annotations.insert(ANNOTATION.to_owned(), Value::from(text));
    }
}

/// Adds the amounts that are missing, and returns the names of their resources.
fn add(resources: &mut Map<String, Value>, member: &str, defaults: &Quantities) -> Vec<String> {
    if defaults.is_empty() {
        return Vec::new();
    }
    let Some(own) = object_in(resources, member) else { return Vec::new() };
    let missing: Vec<(&String, &Quantity)> = defaults.iter().filter(|(name, _)| !own.contains_key(*name)).collect();
    own.extend(missing.iter().map(|(name, amount)| ((*name).clone(), Value::from(amount.0.clone()))));
    missing.into_iter().map(|(name, _)| name.clone()).collect()
}

/// The defaults for containers.
#[derive(Default)]
struct Defaults {
    requests: Quantities,
    limits: Quantities,
}

impl Defaults {
    fn read(limit_range: &LimitRange) -> Self {
        let mut defaults = Self::default();
        for item in items(limit_range).filter(|item| item.type_ == "Container") {
            let (requests, limits) = with_own_defaults(item);
            defaults.requests.extend(requests);
            defaults.limits.extend(limits);
        }
        defaults
    }
}

/// The default requests and limits of an item, as `SetDefaults_LimitRangeItem` of `pkg/apis/core/v1` completes them.
fn with_own_defaults(item: &LimitRangeItem) -> (Quantities, Quantities) {
    let complete = |own: &mut Quantities, from: &Quantities| {
        for (name, amount) in from {
            own.entry(name.clone()).or_insert_with(|| amount.clone());
        }
    };
    let of = |amounts: &Option<Quantities>| amounts.clone().unwrap_or_default();
    let (mut requests, mut limits) = (of(&item.default_request), of(&item.default));
    complete(&mut limits, &of(&item.max));
    complete(&mut requests, &limits);
    complete(&mut requests, &of(&item.min));
    (requests, limits)
}

/// Checks a pod against every limit of its namespace.
pub(super) fn validate<'l, L: Iterator<Item = &'l LimitRange>>(pod: &Value, all: L) -> Result<(), Rejection> {
    let (whole_pod, each_container) = (whole_pod(pod), each_container(pod));
    for limit_range in all {
        let name = limit_range.metadata.name.as_deref().unwrap_or_default();
        for item in items(limit_range) {
            let checked = match item.type_.as_str() {
                "Container" => &each_container[..],
                "Pod" => &whole_pod[..],
                _ => &[],
            };
            for amounts in checked {
                check(amounts, item).map_err(|Rejection { field, problem }| {
                    let problem = format!("LimitRange `{name}` {problem}; the API server rejects the pod");
                    Rejection { field, problem }
                })?;
            }
        }
    }
    Ok(())
}

fn items(limit_range: &LimitRange) -> impl Iterator<Item = &LimitRangeItem> {
    limit_range.spec.iter().flat_map(|spec| &spec.limits)
}

/// Requests and limits that a limit range checks.
struct Checked {
    /// The field that holds them.
    field: String,
    amounts: RequestsAndLimits,
}

fn each_container(pod: &Value) -> Vec<Checked> {
    let all = containers(pod).map(|(path, container)| {
        let own = container.get("resources").unwrap_or(&Value::Null);
        let amounts = RequestsAndLimits { requests: resources(own, "requests"), limits: resources(own, "limits") };
        Checked { field: format!("{path}.resources"), amounts }
    });
    all.collect()
}

/// The sums of the pod, where values for the whole pod replace those of the containers.
fn whole_pod(pod: &Value) -> Vec<Checked> {
    let own = pod.pointer("/spec/resources").unwrap_or(&Value::Null);
    let sum = |member: &str| {
        let mut sum = sum_of_containers(pod, member);
        sum.replace(&resources(own, member), is_pod_level);
        sum
    };
    let amounts = RequestsAndLimits { requests: sum("requests"), limits: sum("limits") };
    vec![Checked { field: "spec".to_owned(), amounts }]
}

fn check(checked: &Checked, item: &LimitRangeItem) -> Result<(), Rejection> {
    let Checked { field, amounts: RequestsAndLimits { requests, limits } } = checked;
    let of_each = match item.type_.as_str() {
        "Pod" => "pod",
        _ => "container",
    };
    let rejected = |member_name: &str, name: &str, problem: String| {
        let at = if field == "spec" { field.clone() } else { format!("{field}.{member_name}{}", member(name)) };
        Err(Rejection::new(at, problem))
    };
    for (name, bound) in item.min.iter().flatten() {
        let Some(least) = amount(bound) else { continue };
        let sentence = format!("wants at least {} of {name} in each {of_each}", bound.0);
        match (requests.get(name), limits.get(name)) {
            (None, _) => return rejected("requests", name, format!("{sentence}, and there is no request")),
            (Some(request), _) if request < least => {
                return rejected("requests", name, format!("{sentence}, and the request is less"));
            }
            (_, Some(limit)) if limit < least => {
                return rejected("limits", name, format!("{sentence}, and the limit is less"));
            }
            _ => {}
        }
    }
    for (name, bound) in item.max.iter().flatten() {
        let Some(most) = amount(bound) else { continue };
        let sentence = format!("allows at most {} of {name} in each {of_each}", bound.0);
        match (requests.get(name), limits.get(name)) {
            (_, None) => return rejected("limits", name, format!("{sentence}, and there is no limit")),
            (_, Some(limit)) if limit > most => {
                return rejected("limits", name, format!("{sentence}, and the limit is more"));
            }
            (Some(request), _) if request > most => {
                return rejected("requests", name, format!("{sentence}, and the request is more"));
            }
            _ => {}
        }
    }
    for (name, bound) in item.max_limit_request_ratio.iter().flatten() {
        let Some(most) = amount(bound) else { continue };
        let sentence = format!("allows a limit of {name} of at most {} times the request", bound.0);
        let (request, limit) = (requests.get(name).unwrap_or(0), limits.get(name).unwrap_or(0));
        if request == 0 || limit == 0 {
            return rejected("limits", name, format!("{sentence}, and request or limit is missing or 0"));
        }
        // Both sides are the product of the ratio in thousandths and the request.
        if limit.saturating_mul(1_000) > most.saturating_mul(request) {
            return rejected("limits", name, format!("{sentence}, and the limit is more"));
        }
    }
    Ok(())
}

/// A quantity in thousandths; `None` where it cannot be read.
fn amount(quantity: &Quantity) -> Option<u128> {
    let mut list = ResourceList::default();
    list.set("", &quantity.0).ok()?;
    list.get("")
}
