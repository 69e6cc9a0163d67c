//! A JSON Patch on the raw object, built operation by operation.
//!
//! The API server rejects a pod whose patch does not apply, even with `failurePolicy: Ignore`. An operation becomes part
//! of the patch only after the operation has been applied to the raw object, so the whole patch applies.

use std::borrow::Cow;

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, PatchError, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::{Map, Value};

use super::json;
use super::warnings::Warnings;

/// The patched pod, the operations that lead from the raw pod to the patched pod, and the warnings to the user.
pub(super) struct PatchBuilder<'a> {
    pod: Cow<'a, Value>,
    operations: Vec<PatchOperation>,
    warnings: Warnings,
}

/// Why an operation does not apply: the object has not the structure of a pod.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unpatchable {
    #[error("{0}")]
    Operation(#[from] PatchError),
    #[error("`/{0}` is no list")]
    NoList(String),
}

impl<'a> PatchBuilder<'a> {
    /// Starts with the raw pod. A borrowed pod is copied at the first operation.
    pub(super) fn new(pod: Cow<'a, Value>) -> Self {
        Self { pod, operations: Vec::new(), warnings: Warnings::default() }
    }

    /// The pod with all operations so far applied.
    pub(super) fn pod(&self) -> &Value {
        &self.pod
    }

    pub(super) fn warn(&mut self, text: &str) {
        self.warnings.add(text);
    }

    /// The warnings so far.
    pub(super) fn warnings(&mut self) -> &mut Warnings {
        &mut self.warnings
    }

    /// True if there is no operation so far.
    pub(super) fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    pub(super) fn finish(self) -> (Vec<PatchOperation>, Warnings) {
        (self.operations, self.warnings)
    }

    /// Sets the value at `path` and creates missing parents. A member that has the value already needs no operation.
    pub(super) fn set(&mut self, path: &[&str], value: Value) -> Result<(), Unpatchable> {
        let (missing, there) = self.reach(path);
        if there == Some(&value) {
            return Ok(());
        }
        if there.is_some() {
            return self.apply(PatchOperation::Replace(ReplaceOperation { path: pointer(path), value }));
        }
        let (parent, rest) = path.split_at_checked(missing).unwrap_or((path, &[]));
        let value = rest
            .iter()
            .rev()
            .fold(value, |inner, member| Value::Object(Map::from_iter([((*member).to_owned(), inner)])));
        self.apply(PatchOperation::Add(AddOperation { path: pointer(parent), value }))
    }

    /// Appends an element to the list at `path`, which is created if the list is missing.
    pub(super) fn append(&mut self, path: &[&str], element: Value) -> Result<(), Unpatchable> {
        match self.reach(path).1 {
            None => self.set(path, Value::Array(vec![element])),
            Some(Value::Array(_)) => {
                let mut end = pointer(path);
                end.push_back("-");
                self.apply(PatchOperation::Add(AddOperation { path: end, value: element }))
            }
            // In an object the operation would add a member with the name `-`.
            Some(_) => Err(Unpatchable::NoList(path.join("/"))),
        }
    }

    /// Removes the member or element at `path`, which must exist.
    pub(super) fn remove(&mut self, path: &[&str]) -> Result<(), Unpatchable> {
        self.apply(PatchOperation::Remove(RemoveOperation { path: pointer(path) }))
    }

    /// The number of members of `path` up to and including the first that is missing, and the value at the end of `path`.
    fn reach(&self, path: &[&str]) -> (usize, Option<&Value>) {
        let mut here = self.pod();
        for (depth, member) in path.iter().enumerate() {
            let next = if let Value::Array(elements) = here {
                member.parse::<usize>().ok().and_then(|index| elements.get(index))
            } else {
                json::get(here, &[member])
            };
            match next {
                Some(value) if !value.is_null() => here = value,
                _ => return (depth.saturating_add(1), None),
            }
        }
        (path.len(), Some(here))
    }

    fn apply(&mut self, operation: PatchOperation) -> Result<(), Unpatchable> {
        json_patch::patch(self.pod.to_mut(), std::slice::from_ref(&operation))?;
        self.operations.push(operation);
        Ok(())
    }
}

fn pointer(path: &[&str]) -> PointerBuf {
    PointerBuf::from_tokens(path.iter().copied())
}

#[cfg(test)]
#[path = "tests/patch.rs"]
mod tests;
