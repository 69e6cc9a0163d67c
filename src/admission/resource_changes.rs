//! Changes of requests and limits of application containers that the API server accepts.

use serde_json::{Value, json};

use super::json as raw;
use super::patch::{PatchBuilder, Unpatchable};
use super::quantity::Kind;
use super::violation::{Violation, by_resizing};
use crate::model::NamespaceConstraints;

/// A change of a request or limit of an application container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResourceChange {
    /// The place of the container among the application containers.
    pub(super) container: usize,
    pub(super) kind: Kind,
    pub(super) resource: Box<str>,
    /// The quantity.
    pub(super) text: String,
}

/// The changes after which the pod keeps every rule of its namespace that it keeps before, and the first rule that the
/// others would break.
///
/// The changes of one resource are made together or not at all. Rules for single containers are not checked here: whoever
/// makes a change keeps them.
pub(super) fn permitted(
    pod: &Value,
    changes: Vec<ResourceChange>,
    constraints: Option<&NamespaceConstraints>,
) -> (Vec<ResourceChange>, Option<Violation>) {
    let Some(constraints) = constraints.filter(|known| !known.pod.is_empty() || !known.quotas.is_empty()) else {
        return (changes, None);
    };
    if changes.is_empty() {
        return (changes, None);
    }
    let violation = |changes: &[ResourceChange]| by_resizing(pod, &resized(pod, changes), Some(constraints));
    let Some(first) = violation(&changes) else { return (changes, None) };
    let mut permitted: Vec<ResourceChange> = Vec::new();
    let mut resources: Vec<&str> = changes.iter().map(|change| &*change.resource).collect();
    resources.sort_unstable();
    resources.dedup();
    for resource in resources {
        let of_resource = changes.iter().filter(|change| *change.resource == *resource);
        let more: Vec<ResourceChange> = permitted.iter().chain(of_resource).cloned().collect();
        if violation(&more).is_none() {
            permitted = more;
        }
    }
    (permitted, Some(first))
}

/// The application containers with the changes: their names and resources alone.
fn resized(pod: &Value, changes: &[ResourceChange]) -> Vec<Value> {
    let containers = raw::list(pod, &["spec", "containers"]).iter().enumerate();
    let resized = containers.map(|(index, container)| {
        let mut resources = raw::get(container, &["resources"]).cloned().unwrap_or_else(|| json!({}));
        for change in changes.iter().filter(|change| change.container == index) {
            let amounts = resources.as_object_mut().map(|resources| {
                let amounts = resources.entry(change.kind.member()).or_insert(Value::Null);
                if amounts.is_null() {
                    *amounts = json!({});
                }
                amounts
            });
            if let Some(amounts) = amounts.and_then(Value::as_object_mut) {
                amounts.insert(change.resource.to_string(), Value::from(&*change.text));
            }
        }
        json!({ "name": container.get("name"), "resources": resources })
    });
    resized.collect()
}

/// Makes the changes.
pub(super) fn apply(patch: &mut PatchBuilder<'_>, changes: Vec<ResourceChange>) -> Result<(), Unpatchable> {
    for ResourceChange { container, kind, resource, text } in changes {
        let member = ["spec", "containers", &container.to_string(), "resources", kind.member(), &resource];
        patch.set(&member, Value::from(text))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests/resource_changes.rs"]
mod tests;
