//! The fields of a pod in JSON that the steps read and change.

use serde_json::{Map, Value};

use crate::model::ResourceList;

/// The lists of containers in a spec.
const CONTAINER_LISTS: [&str; 2] = ["containers", "initContainers"];

/// The text at a pointer; empty where there is none.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The spec of a pod, for changes.
pub(super) fn spec_mut(pod: &mut Value) -> Option<&mut Map<String, Value>> {
    pod.get_mut("spec")?.as_object_mut()
}

/// Every container of a pod with its path: application containers, then init containers.
pub(super) fn containers(pod: &Value) -> impl Iterator<Item = (String, &Value)> {
    CONTAINER_LISTS.into_iter().flat_map(move |list| {
        let all = pod.get("spec").and_then(|spec| spec.get(list)).and_then(Value::as_array);
        all.into_iter().flatten().enumerate().map(move |(at, container)| (format!("spec.{list}[{at}]"), container))
    })
}

/// Calls `change` for every container of a pod: application containers, then init containers.
pub(super) fn change_containers(pod: &mut Value, mut change: impl FnMut(&str, &mut Map<String, Value>)) {
    let Some(spec) = spec_mut(pod) else { return };
    for list in CONTAINER_LISTS {
        let all = spec.get_mut(list).and_then(Value::as_array_mut);
        all.into_iter().flatten().filter_map(Value::as_object_mut).for_each(|container| change(list, container));
    }
}

/// The object in a member, which is made where it is missing; `None` where the member is something else.
pub(super) fn object_in<'v>(members: &'v mut Map<String, Value>, member: &str) -> Option<&'v mut Map<String, Value>> {
    members.entry(member).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

/// The amounts of a member such as `limits`, as they are written; empty where there are none.
pub(super) fn amounts<'v>(holder: &'v Value, member: &str) -> impl Iterator<Item = (&'v String, &'v str)> {
    let amounts = holder.get(member).and_then(Value::as_object);
    amounts.into_iter().flatten().filter_map(|(name, amount)| Some((name, amount.as_str()?)))
}

/// The amounts of a member such as `limits`. An amount that cannot be read is left out: decoding the pod reports it.
pub(super) fn resources(holder: &Value, member: &str) -> ResourceList {
    let mut list = ResourceList::default();
    for (name, amount) in amounts(holder, member) {
        list.set(name, amount).unwrap_or_default();
    }
    list
}

/// A member in a path: in brackets where its name has a dot.
pub(super) fn member(name: &str) -> String {
    if name.contains('.') { format!("[{name}]") } else { format!(".{name}") }
}
