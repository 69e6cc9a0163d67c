//! What the API server demands of a container beyond the form of each field: fields that must fit each other.
//!
//! The rules are those of `pkg/apis/core/validation` of Kubernetes 1.37 for an init container with `restartPolicy: Always`.
//! A container that the kubelet could never start is refused too.

mod env;
mod mounts;
mod ports;
mod probe;
mod resources;
mod security_context;

use serde_json::Value;

use super::schema::member_path;
use crate::api::{FieldError, Located};

pub(super) use resources::check_amounts;

/// Checks a container whose fields have their forms.
pub(super) fn check(container: &Located, path: &str) -> Result<(), FieldError> {
    ports::check(container, path)?;
    env::check(container, path)?;
    mounts::check(container, path)?;
    probe::check(container, path)?;
    security_context::check(container, path)?;
    if let Some(resources) = container.get("resources") {
        check_amounts(resources, &member_path(path, "resources"))?;
    }
    resources::check_resize_policy(container, path)
}

/// The container as it is added to pods: quantities are texts, and the container restarts as a native sidecar does.
pub(super) fn manifest(container: &Located) -> Value {
    let mut manifest = container.to_json();
    for kind in ["requests", "limits"] {
        let amounts = manifest.pointer_mut(&format!("/resources/{kind}")).and_then(Value::as_object_mut);
        for amount in amounts.into_iter().flat_map(|amounts| amounts.values_mut()).filter(|amount| amount.is_number()) {
            *amount = Value::from(amount.to_string());
        }
    }
    if let Value::Object(fields) = &mut manifest {
        fields.insert("restartPolicy".to_owned(), Value::from("Always"));
    }
    manifest
}

/// The error of a member of an object, at the member.
fn error_at(object: &Located, path: &str, member: &str, problem: impl Into<String>) -> FieldError {
    let position = object.get(member).map_or(object.position, |value| value.position);
    FieldError::at(position, member_path(path, member), problem)
}

#[cfg(test)]
#[path = "tests/container.rs"]
mod tests;
