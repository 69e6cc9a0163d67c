//! Overhead and nodes of a runtime class, as the admission plugin `RuntimeClass` of Kubernetes applies them.

use std::collections::BTreeMap;

use k8s_openapi::api::node::v1::RuntimeClass;
use serde_json::{Value, json};

use super::json::{member, object_in, resources, spec_mut, text};
use super::rejection::Rejection;
use super::tolerations;

/// Sets the overhead of the pod's runtime class, and adds its node selector and tolerations.
///
/// A pod with an overhead and no runtime class keeps it, which Kubernetes would reject: so an overhead can be tried.
pub(super) fn apply(pod: &mut Value, classes: &BTreeMap<String, RuntimeClass>) -> Result<(), Rejection> {
    let name = text(pod, "/spec/runtimeClassName").to_owned();
    if name.is_empty() {
        return Ok(());
    }
    let Some(class) = classes.get(&name) else {
        if pod.pointer("/spec/overhead").is_some() {
            // The pod comes from a cluster, whose classes are in none of the files.
            return Ok(());
        }
        let problem = format!(
            "RuntimeClass `{name}` is in none of the files; add what `kubectl get runtimeclasses -o yaml` prints to \
             --cluster"
        );
        return Err(Rejection::new("spec.runtimeClassName", problem));
    };
    set_overhead(pod, class, &name)?;
    let Some(scheduling) = &class.scheduling else { return Ok(()) };
    if let Some(selector) = spec_mut(pod).and_then(|spec| object_in(spec, "nodeSelector")) {
        for (key, value) in scheduling.node_selector.iter().flatten() {
            let own = selector.entry(key.clone()).or_insert_with(|| Value::from(value.clone()));
            if *own != **value {
                let problem = format!("RuntimeClass `{name}` asks for the value `{value}`; remove the key");
                return Err(Rejection::new(format!("spec.nodeSelector{}", member(key)), problem));
            }
        }
    }
    let added = scheduling.tolerations.iter().flatten().map(|toleration| json!(toleration)).collect();
    tolerations::add(pod, added);
    Ok(())
}

fn set_overhead(pod: &mut Value, class: &RuntimeClass, name: &str) -> Result<(), Rejection> {
    let fixed = class.overhead.as_ref().and_then(|overhead| overhead.pod_fixed.as_ref());
    let spec = pod.get("spec").unwrap_or(&Value::Null);
    let own = resources(spec, "overhead");
    let Some(fixed) = fixed else {
        if own.lists(|_| true) {
            let problem = format!("RuntimeClass `{name}` has no overhead; remove it");
            return Err(Rejection::new("spec.overhead", problem));
        }
        return Ok(());
    };
    let fixed = json!({"overhead": fixed});
    if own.lists(|_| true) && own != resources(&fixed, "overhead") {
        let problem = format!("differs from the overhead of RuntimeClass `{name}`; remove it");
        return Err(Rejection::new("spec.overhead", problem));
    }
    if let (Some(spec), Some(overhead)) = (spec_mut(pod), fixed.get("overhead")) {
        spec.insert("overhead".to_owned(), overhead.clone());
    }
    Ok(())
}
