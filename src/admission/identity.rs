//! The labels and annotations by which a PE is known, and those that only we may write.

use serde_json::Value;

use super::Context;
use super::candidate::Candidate;
use super::json;
use super::patch::{PatchBuilder, Unpatchable};
use crate::model::{Labels, is_label_value, keys};

const ANNOTATIONS: [&str; 2] = ["metadata", "annotations"];

/// Labels the PE with its job and its name in it, where they are not there and can stand as labels.
pub(super) fn label(
    draft: &mut PatchBuilder<'_>,
    candidate: &Candidate<'_>,
    context: Context<'_>,
) -> Result<(), Unpatchable> {
    let identity = &candidate.identity;
    let known = [(keys::JOB, Some(&*identity.job.name)), (keys::PE, identity.pe.as_deref())];
    let wanted: Vec<(&str, &str)> = known
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .filter(|(key, value)| candidate.labels.get(key).is_none() && is_label_value(value))
        .collect();
    let labels: Labels = candidate.labels.iter().chain(wanted.iter().copied()).collect();
    let governing = context.policies.governing(candidate.namespace.as_str(), &labels);
    if governing.is_none_or(|governing| governing.name != candidate.policy.name) {
        // At the next look, ours or the extender's, the pod would be another policy's, or nobody's.
        let then = governing.map_or_else(|| "no".to_owned(), |governing| format!("another (`{}`)", governing.name));
        draft.warn(&format!("no label {}: with it, {then} policy would govern the pod", keys::JOB));
        return Ok(());
    }
    for (key, value) in wanted {
        draft.set(&["metadata", "labels", key], Value::from(value))?;
    }
    Ok(())
}

/// Notes the policy, and removes what only a Binding or the planner may write: placement believes it (law 7).
pub(super) fn annotate(draft: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    let [metadata, annotations] = ANNOTATIONS;
    for key in [keys::PLACEMENT, keys::EPOCH, keys::WAKE] {
        let present = json::get(draft.pod(), &ANNOTATIONS).is_some_and(|annotations| annotations.get(key).is_some());
        if present {
            draft.remove(&[metadata, annotations, key])?;
            draft.warn(&format!("{key}: removed; only outrigger writes it"));
        }
    }
    draft.set(&[metadata, annotations, keys::POLICY], Value::from(&*candidate.policy.name))
}

#[cfg(test)]
#[path = "tests/identity.rs"]
mod tests;
