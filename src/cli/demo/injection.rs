//! How much of a pod admission changed.

use serde_json::Value;

/// In how many places two pods differ: members of their metadata, and of their spec.
pub(super) fn places(before: &Value, after: &Value) -> usize {
    ["metadata", "spec"]
        .into_iter()
        .map(|part| {
            let old = before.get(part);
            let new = after.get(part).and_then(Value::as_object).into_iter().flatten();
            new.filter(|(key, member)| old.and_then(|old| old.get(key)) != Some(member)).count()
        })
        .sum()
}
