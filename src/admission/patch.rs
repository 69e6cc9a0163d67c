//! JSON Patch over the raw object: built by hand, and proven before it is sent (D10, law 2).

use std::borrow::Cow;

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchError, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::{Map, Value};

use super::json;
use super::outcome::SkipReason;
use super::warnings::Warnings;

/// The pod as it is going to be, the operations that lead there, and what its user is told.
pub(super) struct PatchBuilder<'a> {
    pod: Cow<'a, Value>,
    operations: Vec<PatchOperation>,
    warnings: Warnings,
}

/// An object that cannot be changed as intended: it is not of the shape of a pod.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unpatchable {
    #[error("{0}")]
    Operation(#[from] PatchError),
    #[error("`/{0}` is no list")]
    NoList(String),
}

impl<'a> PatchBuilder<'a> {
    pub(super) fn new(pod: &'a Value, warnings: Warnings) -> Self {
        Self { pod: Cow::Borrowed(pod), operations: Vec::new(), warnings }
    }

    /// The pod with all changes so far.
    pub(super) fn pod(&self) -> &Value {
        &self.pod
    }

    pub(super) fn warn(&mut self, text: &str) {
        self.warnings.add(text);
    }

    pub(super) fn finish(self) -> (Patch, Warnings) {
        (Patch(self.operations), self.warnings)
    }

    /// Gives the member at `path` this value, with the parents that are missing. Nothing to do where it has it.
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

    /// Adds an element at the end of the list at `path`, which is created where it is missing.
    pub(super) fn append(&mut self, path: &[&str], element: Value) -> Result<(), Unpatchable> {
        match self.reach(path).1 {
            None => self.set(path, Value::Array(vec![element])),
            Some(Value::Array(_)) => {
                let mut end = pointer(path);
                end.push_back("-");
                self.apply(PatchOperation::Add(AddOperation { path: end, value: element }))
            }
            // To an object the operation would add a member named `-`.
            Some(_) => Err(Unpatchable::NoList(path.join("/"))),
        }
    }

    pub(super) fn remove(&mut self, path: &[&str]) -> Result<(), Unpatchable> {
        self.apply(PatchOperation::Remove(RemoveOperation { path: pointer(path) }))
    }

    /// How many members of `path` lead to the first one that is missing, that one counted, and what stands at its end.
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

/// Applies `patch` to the raw object and asks `decide_again`, which returns true when it would change nothing more.
///
/// A patch that does not apply is refused by the API server even under `failurePolicy: Ignore`, so none leaves here
/// unproven.
pub(super) fn prove(raw: &Value, patch: &Patch, decide_again: impl FnOnce(&Value) -> bool) -> Result<(), SkipReason> {
    let mut patched = raw.clone();
    if json_patch::patch(&mut patched, patch).is_err() {
        return Err(SkipReason::PatchWouldNotApply);
    }
    if decide_again(&patched) { Ok(()) } else { Err(SkipReason::PatchNotIdempotent) }
}

#[cfg(test)]
#[path = "tests/patch.rs"]
mod tests;
