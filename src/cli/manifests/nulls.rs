//! Values that are written and empty.

use serde_json::{Map, Value};

/// Members that hold texts by key: an empty value is an empty text there.
const TEXTS: [&str; 4] = ["annotations", "labels", "matchLabels", "nodeSelector"];

/// Replaces `null` by what Kubernetes reads: a member without a value is missing, a value in a map of texts is an empty
/// text, an element of a list is an empty object or text.
pub(super) fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                if TEXTS.contains(&key.as_str()) {
                    replace_in_map(member, &Value::from(""));
                } else if super::quantities::AMOUNTS.contains(&key.as_str()) {
                    replace_in_map(member, &Value::from("0"));
                }
                remove_nulls(member);
            }
            members.retain(|_, member| !member.is_null());
        }
        Value::Array(items) => {
            let is_of_objects = items.iter().any(Value::is_object) || items.iter().all(Value::is_null);
            let empty = if is_of_objects { Value::Object(Map::new()) } else { Value::from("") };
            for item in items {
                if item.is_null() {
                    *item = empty.clone();
                }
                remove_nulls(item);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn replace_in_map(map: &mut Value, empty: &Value) {
    for value in map.as_object_mut().into_iter().flat_map(Map::values_mut).filter(|value| value.is_null()) {
        *value = empty.clone();
    }
}

#[cfg(test)]
#[path = "tests/nulls.rs"]
mod tests;
