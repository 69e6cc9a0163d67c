//! Requests and limits: how the amounts of a resource fit each other.

use super::error_at;
use crate::api::{FieldError, Located};
use crate::model::{is_extended_resource, parse_thousandths};
use crate::policy::schema::{element_path, member_path};

/// The API server counts devices and pages in thousandths, in 64 bits.
const LARGEST_THOUSANDTHS: u128 = 9_223_372_036_854_775_807;

/// An amount with the text of its author.
struct Amount<'l> {
    text: String,
    /// In thousandths of the base unit.
    thousandths: u128,
    at: &'l Located,
}

/// Checks the requests and limits of a container, or those that a policy gives to containers.
pub(in crate::policy) fn check_amounts(resources: &Located, path: &str) -> Result<(), FieldError> {
    let list = |kind: &str| resources.get(kind).map(Located::members).unwrap_or_default();
    for kind in ["limits", "requests"] {
        for member in list(kind) {
            let path = member_path(&member_path(path, kind), &member.name);
            check_amount(&member.name, &amount(&member.value)?, &path)?;
        }
    }
    for member in list("requests") {
        let request = amount(&member.value)?;
        let path = |kind: &str| member_path(&member_path(path, kind), &member.name);
        let limit = resources.get("limits").and_then(|limits| limits.get(&member.name));
        let is_exact = is_exact(&member.name);
        let Some(limit) = limit.map(amount).transpose()? else {
            if is_exact {
                let problem = format!(
                    "a limit is missing: request and limit of this resource must be equal, so write `limits: {{{}: {}}}` too",
                    member.name, request.text
                );
                return Err(FieldError::at(request.at.position, path("requests"), problem));
            }
            continue;
        };
        if is_exact && request.thousandths != limit.thousandths {
            let problem =
                format!("the limit is not the request `{}`: for this resource they must be equal", request.text);
            return Err(FieldError::at(limit.at.position, path("limits"), problem));
        }
        if request.thousandths > limit.thousandths {
            let problem = format!("the limit is below the request `{}`", request.text);
            return Err(FieldError::at(limit.at.position, path("limits"), problem));
        }
    }
    let is_named = |accepts: fn(&str) -> bool| {
        ["limits", "requests"].into_iter().flat_map(list).find(|member| accepts(&member.name))
    };
    match is_named(is_huge_page) {
        Some(pages) if is_named(|name| name == "cpu" || name == "memory").is_none() => {
            Err(FieldError::at(pages.position, path, "huge pages need cpu or memory beside them"))
        }
        _ => Ok(()),
    }
}

/// Checks the changes of resources that a running container takes.
pub(super) fn check_resize_policy(container: &Located, path: &str) -> Result<(), FieldError> {
    let policies = container.get("resizePolicy").map(Located::elements).unwrap_or_default();
    for (at, policy) in policies.iter().enumerate() {
        let before = policies.get(..at).unwrap_or_default();
        let resource = policy.text_of("resourceName");
        if before.iter().any(|other| other.text_of("resourceName") == resource) {
            let path = element_path(&member_path(path, "resizePolicy"), at);
            return Err(error_at(policy, &path, "resourceName", "the resource stands twice: keep one"));
        }
    }
    Ok(())
}

fn check_amount(name: &str, amount: &Amount<'_>, path: &str) -> Result<(), FieldError> {
    let error = |problem: String| Err(FieldError::at(amount.at.position, path, problem));
    if is_exact(name) && amount.thousandths > LARGEST_THOUSANDTHS {
        return error(format!("`{}` is too large", amount.text));
    }
    if is_extended_resource(name) && !amount.thousandths.is_multiple_of(1_000) {
        return error(format!("`{}` is not a whole number: this resource has no fractions", amount.text));
    }
    if let Some(size) = name.strip_prefix("hugepages-") {
        let Some(size) = parse_thousandths(size).filter(|size| *size > 0 && size.is_multiple_of(1_000)) else {
            return error(format!("`{name}` names no size of a page: write it as in `hugepages-2Mi`"));
        };
        // Kubernetes rounds the amount up to whole bytes first.
        if !amount.thousandths.next_multiple_of(1_000).is_multiple_of(size) {
            return error(format!("`{}` is not a multiple of the size of a page", amount.text));
        }
    }
    Ok(())
}

/// True for a resource whose request is its limit.
fn is_exact(name: &str) -> bool {
    is_extended_resource(name) || is_huge_page(name)
}

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn amount(value: &Located) -> Result<Amount<'_>, FieldError> {
    let text = value.spelled();
    let thousandths = parse_thousandths(&text)
        .ok_or_else(|| FieldError::at(value.position, "", format!("`{text}` is not a quantity")))?;
    Ok(Amount { text, thousandths, at: value })
}
