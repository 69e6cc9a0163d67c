//! Access to raw JSON. `null` counts as absent, as in the API server.

use serde_json::Value;

/// The value at `path`, a list of member names.
pub(super) fn get<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    let found = path.iter().try_fold(value, |here, member| here.get(member))?;
    (!found.is_null()).then_some(found)
}

/// The string at `path`, if there is one that is not empty.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    get(value, path)?.as_str().filter(|text| !text.is_empty())
}

/// The elements of the array at `path`; none if there is no array.
pub(super) fn list<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    get(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The names of the elements at `path`.
pub(super) fn names<'v>(value: &'v Value, path: &[&str]) -> impl Iterator<Item = &'v str> {
    list(value, path).iter().filter_map(|element| text(element, &["name"]))
}
