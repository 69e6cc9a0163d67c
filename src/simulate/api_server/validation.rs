//! Requests and limits that the API server rejects, as `ValidateContainerResourceRequirements` of
//! `pkg/apis/core/validation` does.

use serde_json::Value;

use super::json::{amounts, containers, member, resources};
use super::rejection::Rejection;
use crate::model::is_extended_resource;

/// Checks that no request exceeds its limit, and that both are equal for a resource that cannot be overcommitted.
pub(super) fn validate(pod: &Value) -> Result<(), Rejection> {
    for (path, container) in containers(pod) {
        check(&format!("{path}.resources"), container.get("resources").unwrap_or(&Value::Null))?;
    }
    check("spec.resources", pod.pointer("/spec/resources").unwrap_or(&Value::Null))
}

fn check(path: &str, own: &Value) -> Result<(), Rejection> {
    let limits = resources(own, "limits");
    let requests = resources(own, "requests");
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
    Ok(())
}

/// False for extended resources and huge pages, of which a limit is a request.
fn may_overcommit(name: &str) -> bool {
    !is_extended_resource(name) && !name.starts_with("hugepages-")
}
