//! Tolerations that the API server adds or rejects. It adds those of the admission plugin `DefaultTolerationSeconds`, and those of a runtime
//! class.

use serde_json::{Value, json};

use super::json::{spec_mut, text};
use super::rejection::Rejection;
use crate::model::{is_label_value, is_object_name};

/// How long a pod stays on a node that is lost, in seconds, where the pod does not say.
const SECONDS: u64 = 300;

/// Taints of nodes that are lost.
const LOST: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Tolerates lost nodes for a while, unless the pod says for how long.
pub(super) fn tolerate_lost_nodes(pod: &mut Value) {
    let Some(spec) = spec_mut(pod) else { return };
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    let Some(tolerations) = tolerations.as_array_mut() else { return };
    // Both are looked for before one is added: an added toleration has a key and does not count for the other.
    for key in LOST {
        let tolerates = |toleration: &Value| {
            let is = |member: &str, wanted: &str| {
                let own = toleration.get(member).and_then(Value::as_str).unwrap_or_default();
                own.is_empty() || own == wanted
            };
            is("key", key) && is("effect", "NoExecute")
        };
        if !tolerations.iter().any(tolerates) {
            let added = json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS});
            tolerations.push(added);
        }
    }
}

/// Adds tolerations. Of two tolerations of which one covers the other, the wider one stays, as `MergeTolerations` of
/// `pkg/util/tolerations` has it.
pub(super) fn add(pod: &mut Value, more: Vec<Value>) {
    let Some(spec) = spec_mut(pod).filter(|_| !more.is_empty()) else { return };
    let own = spec.get("tolerations").and_then(Value::as_array).cloned().unwrap_or_default();
    let all: Vec<Value> = own.into_iter().chain(more).collect();
    let mut merged: Vec<Value> = Vec::new();
    for (at, toleration) in all.iter().enumerate() {
        let covered_before = merged.iter().any(|other| covers(other, toleration));
        let covered_later = all.iter().skip(at + 1).any(|other| other != toleration && covers(other, toleration));
        if !(covered_before || covered_later) {
            merged.push(toleration.clone());
        }
    }
    spec.insert("tolerations".to_owned(), Value::from(merged));
}

/// True where a toleration tolerates whatever the other tolerates.
fn covers(wide: &Value, narrow: &Value) -> bool {
    if wide == narrow {
        return true;
    }
    let exists = text(wide, "/operator") == "Exists";
    let (wide_key, wide_effect) = (text(wide, "/key"), text(wide, "/effect"));
    if wide_key != text(narrow, "/key") && !(wide_key.is_empty() && exists) {
        return false;
    }
    if wide_effect != text(narrow, "/effect") && !wide_effect.is_empty() {
        return false;
    }
    let seconds = |toleration: &Value| toleration.get("tolerationSeconds").and_then(Value::as_i64);
    if let Some(wide_seconds) = seconds(wide).filter(|_| wide_effect == "NoExecute")
        && seconds(narrow).is_none_or(|narrow_seconds| narrow_seconds > wide_seconds)
    {
        return false;
    }
    exists || (text(narrow, "/operator") == "Equal" && text(wide, "/value") == text(narrow, "/value"))
}

/// Checks tolerations, as `ValidateTolerations` of `pkg/apis/core/validation` does.
pub(super) fn validate(pod: &Value) -> Result<(), Rejection> {
    let all = pod.pointer("/spec/tolerations").and_then(Value::as_array);
    for (at, toleration) in all.into_iter().flatten().enumerate() {
        if let Some((member, problem)) = invalid_member(toleration) {
            return Err(Rejection::new(format!("spec.tolerations[{at}].{member}"), problem));
        }
    }
    Ok(())
}

/// The first invalid member of a toleration, and what is wrong with it.
fn invalid_member(toleration: &Value) -> Option<(&'static str, String)> {
    let [key, operator, value, effect] =
        ["/key", "/operator", "/value", "/effect"].map(|pointer| text(toleration, pointer));
    if !(key.is_empty() || is_label_key(key)) {
        return Some(("key", format!("`{key}` is not the key of a taint")));
    }
    match operator {
        "Exists" if !value.is_empty() => {
            return Some(("value", "operator Exists takes no value; remove it".to_owned()));
        }
        "Exists" => {}
        _ if key.is_empty() => return Some(("operator", "without a key it has to be Exists".to_owned())),
        "" | "Equal" if value.is_empty() || is_label_value(value) => {}
        "" | "Equal" => return Some(("value", format!("`{value}` is not the value of a taint"))),
        _ => return Some(("operator", format!("`{operator}` is not Equal or Exists"))),
    }
    if !matches!(effect, "" | "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
        return Some(("effect", format!("`{effect}` is not NoSchedule, PreferNoSchedule or NoExecute")));
    }
    let has_seconds = toleration.get("tolerationSeconds").is_some_and(|seconds| !seconds.is_null());
    (has_seconds && effect != "NoExecute").then(|| ("tolerationSeconds", "needs the effect NoExecute".to_owned()))
}

/// True for a name with or without a domain before it.
fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((domain, name)) => is_object_name(domain) && is_label_value(name),
        None => is_label_value(key),
    }
}
