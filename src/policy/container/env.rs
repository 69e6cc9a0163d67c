//! Environment variables: a value or a source, and the unit of a resource.

use super::error_at;
use crate::api::{FieldError, Located};
use crate::policy::schema::{element_path, member_path};

const SIZES: &[&str] = &["0", "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

pub(super) fn check(container: &Located, path: &str) -> Result<(), FieldError> {
    let variables = container.get("env").map(Located::elements).unwrap_or_default();
    let path = member_path(path, "env");
    for (at, variable) in variables.iter().enumerate() {
        let Some(source) = variable.get("valueFrom") else { continue };
        let path = element_path(&path, at);
        if variable.text_of("value").is_some() {
            return Err(error_at(variable, &path, "valueFrom", "`value` and `valueFrom` exclude each other: keep one"));
        }
        if let Some(field) = source.get("resourceFieldRef") {
            check_divisor(field, &member_path(&member_path(&path, "valueFrom"), "resourceFieldRef"))?;
        }
    }
    Ok(())
}

/// The unit in which the amount of a resource is written.
fn check_divisor(field: &Located, path: &str) -> Result<(), FieldError> {
    let Some(divisor) = field.get("divisor").map(Located::spelled) else { return Ok(()) };
    let is_cpu = field.text_of("resource").is_some_and(|resource| ["limits.cpu", "requests.cpu"].contains(&resource));
    let known = if is_cpu { &["0", "1", "1m"] } else { SIZES };
    if known.contains(&divisor.as_str()) {
        return Ok(());
    }
    let units = if is_cpu { "1 or 1m" } else { "1, or 1 with a unit such as 1Mi" };
    Err(error_at(field, path, "divisor", format!("`{divisor}` is not a unit of this resource: write {units}")))
}
