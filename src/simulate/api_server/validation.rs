//! Resources and ports that the API server rejects, as `ValidatePodCreate` of `pkg/apis/core/validation` does.
//!
//! Rules for fields that no placement reads are left out.

use serde_json::Value;

use super::json::{amounts, containers, member, resources};
use super::pod_level::{is_pod_level, sum_of_containers};
use super::rejection::Rejection;
use super::{ports, tolerations};
use crate::model::{ResourceList, is_extended_resource};

/// Checks requests and limits of containers and of the whole pod, ports and tolerations.
pub(super) fn validate(pod: &Value) -> Result<(), Rejection> {
    for (path, container) in containers(pod) {
        let own = container.get("resources").unwrap_or(&Value::Null);
        check_names(&format!("{path}.resources"), own)?;
        check_amounts(&format!("{path}.resources"), own)?;
    }
    let whole_pod = pod.pointer("/spec/resources").unwrap_or(&Value::Null);
    check_pod_level_names(whole_pod)?;
    check_amounts("spec.resources", whole_pod)?;
    check_whole_pod(pod)?;
    ports::validate(pod)?;
    tolerations::validate(pod)
}

/// Checks that containers name resources that exist.
fn check_names(path: &str, own: &Value) -> Result<(), Rejection> {
    for list in ["limits", "requests"] {
        for (name, _) in amounts(own, list) {
            let is_standard = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage");
            if !(is_standard || is_huge_page(name) || name.contains('/')) {
                let problem = format!(
                    "Kubernetes has no resource `{name}`; write a name with a domain, such as example.com/{name}"
                );
                return Err(Rejection::new(format!("{path}.{list}{}", member(name)), problem));
            }
        }
    }
    Ok(())
}

/// Checks that the values for the whole pod are of resources that may have such a value.
fn check_pod_level_names(own: &Value) -> Result<(), Rejection> {
    for list in ["limits", "requests"] {
        if let Some((name, _)) = amounts(own, list).find(|(name, _)| !is_pod_level(name)) {
            let problem = "has no value for the whole pod; write it at a container".to_owned();
            return Err(Rejection::new(format!("spec.resources.{list}{}", member(name)), problem));
        }
    }
    Ok(())
}

/// Checks that no request exceeds its limit, that both are equal for a resource that cannot be overcommitted, and that
/// extended resources are counted in whole numbers and huge pages in whole pages.
fn check_amounts(path: &str, own: &Value) -> Result<(), Rejection> {
    let (requests, limits) = (resources(own, "requests"), resources(own, "limits"));
    for (list, known) in [("limits", &limits), ("requests", &requests)] {
        for (name, written) in amounts(own, list) {
            let unit = smallest_unit(name);
            if unit.is_some_and(|unit| !known.get(name).unwrap_or(0).is_multiple_of(unit)) {
                let problem = format!("`{written}` is not a whole number of {name}; round it");
                return Err(Rejection::new(format!("{path}.{list}{}", member(name)), problem));
            }
        }
    }
    for (name, written) in amounts(own, "requests") {
        let Some(request) = requests.get(name) else { continue };
        let field = format!("{path}.requests{}", member(name));
        match limits.get(name) {
            Some(limit) if request > limit => {
                return Err(Rejection::new(field, format!("`{written}` exceeds the limit; raise the limit")));
            }
            limit if !may_overcommit(name) && limit != Some(request) => {
                let problem = format!("{name} needs a limit that equals the request; write the limit alone");
                return Err(Rejection::new(field, problem));
            }
            _ => {}
        }
    }
    let has = |wanted: fn(&str) -> bool| requests.lists(wanted) || limits.lists(wanted);
    if has(is_huge_page) && !has(|name| matches!(name, "cpu" | "memory")) {
        return Err(Rejection::new(path, "huge pages need CPU or memory beside them; add a request"));
    }
    Ok(())
}

/// Checks that the values for the whole pod cover its containers.
fn check_whole_pod(pod: &Value) -> Result<(), Rejection> {
    let own = pod.pointer("/spec/resources").unwrap_or(&Value::Null);
    for list in ["requests", "limits"] {
        // Limits of containers add up to more than the pod's where they may be overcommitted.
        let is_checked = |name: &str| is_huge_page(name) || (list == "requests" && is_pod_level(name));
        let (whole, sum) = (resources(own, list), sum_of_containers(pod, list));
        for (name, written) in amounts(own, list).filter(|(name, _)| is_checked(name)) {
            if sum.get(name) > whole.get(name) {
                let problem = format!("`{written}` is less than the sum of the containers; raise it");
                return Err(Rejection::new(format!("spec.resources.{list}{}", member(name)), problem));
            }
        }
    }
    let whole = resources(own, "limits");
    for (path, container) in containers(pod).filter(|(path, _)| path.starts_with("spec.containers")) {
        let limits = container.get("resources").unwrap_or(&Value::Null);
        for (name, written) in amounts(limits, "limits") {
            if whole.get(name).is_some_and(|whole| resources(limits, "limits").get(name) > Some(whole)) {
                let problem = format!("`{written}` exceeds the limit of the whole pod; raise spec.resources.limits");
                return Err(Rejection::new(format!("{path}.resources.limits{}", member(name)), problem));
            }
        }
    }
    Ok(())
}

/// In thousandths, what the amounts of a resource have to be multiples of: one for extended resources, the size of a page
/// for huge pages.
fn smallest_unit(name: &str) -> Option<u128> {
    match name.strip_prefix("hugepages-") {
        Some(size) => {
            let mut page = ResourceList::default();
            page.set(name, size).ok()?;
            page.get(name).filter(|size| *size > 0)
        }
        None => is_extended_resource(name).then_some(1_000),
    }
}

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// False for extended resources and huge pages, of which a limit is a request.
fn may_overcommit(name: &str) -> bool {
    !is_extended_resource(name) && !is_huge_page(name)
}
