//! The priority of a pod, as the admission plugin `Priority` of Kubernetes sets it from the class.

use std::collections::BTreeMap;

use k8s_openapi::api::scheduling::v1::PriorityClass;
use serde_json::Value;

use super::json::spec_mut;
use super::rejection::Rejection;

/// The classes that every cluster has.
const BUILT_IN: [(&str, i32); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

/// Sets the priority of a pod that has none: the value of its class, or of the default class, or 0.
///
/// A pod that names no class keeps its priority, which Kubernetes would reject: so priorities can be tried without classes.
pub(super) fn set(pod: &mut Value, classes: &BTreeMap<String, PriorityClass>) -> Result<(), Rejection> {
    let Some(spec) = spec_mut(pod) else { return Ok(()) };
    let written = spec.get("priority").and_then(Value::as_i64);
    let class = spec.get("priorityClassName").and_then(Value::as_str).filter(|name| !name.is_empty());
    let Some(class) = class else {
        let default = default_class(classes);
        if let (None, Some(default)) = (written, default) {
            spec.insert("priorityClassName".to_owned(), Value::from(default.metadata.name.clone()));
        }
        spec.entry("priority").or_insert(Value::from(default.map_or(0, |class| class.value)));
        return Ok(());
    };
    let value = value_of(class, classes);
    if value.is_none() && written.is_some() {
        // The pod comes from a cluster, whose classes are in none of the files.
        return Ok(());
    }
    let value = value.ok_or_else(|| {
        let problem = format!(
            "PriorityClass `{class}` is in none of the files; add what `kubectl get priorityclasses -o yaml` prints to \
             --cluster"
        );
        Rejection::new("spec.priorityClassName", problem)
    })?;
    if written.is_some_and(|written| written != i64::from(value)) {
        let problem = format!("PriorityClass `{class}` has the value {value}; remove the priority");
        return Err(Rejection::new("spec.priority", problem));
    }
    spec.insert("priority".to_owned(), Value::from(value));
    Ok(())
}

fn value_of(class: &str, classes: &BTreeMap<String, PriorityClass>) -> Option<i32> {
    let built_in = BUILT_IN.iter().find(|(name, _)| *name == class).map(|(_, value)| *value);
    classes.get(class).map(|class| class.value).or(built_in)
}

/// The class for pods that name none. Of several, Kubernetes takes the one with the lowest value.
fn default_class(classes: &BTreeMap<String, PriorityClass>) -> Option<&PriorityClass> {
    classes.values().filter(|class| class.global_default == Some(true)).min_by_key(|class| class.value)
}
