//! The labels that identify a PE, and the annotations that only Outrigger may write.

use serde_json::Value;

use super::candidate::Candidate;
use super::json;
use super::patch::{PatchBuilder, Unpatchable};
use crate::model::{Labels, is_label_value, keys};
use crate::policy::PolicySet;

const ANNOTATIONS: [&str; 2] = ["metadata", "annotations"];

/// Labels the PE with its job and its name in the job, if these labels are missing and the values are legal labels.
///
/// Returns labels by which the policy of the candidate governs the pod: those with the labels that were added.
pub(super) fn label(
    patch: &mut PatchBuilder<'_>,
    candidate: &Candidate<'_>,
    policies: &PolicySet,
) -> Result<Labels, Unpatchable> {
    let identity = &candidate.identity;
    let known = [(keys::JOB, Some(&*identity.job.name)), (keys::PE, identity.pe.as_deref())];
    let wanted: Vec<(&str, &str)> = known
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .filter(|(key, value)| candidate.labels.get(key).is_none() && is_label_value(value))
        .collect();
    if wanted.is_empty() {
        return Ok(candidate.labels.clone());
    }
    let labels: Labels = candidate.labels.iter().chain(wanted.iter().copied()).collect();
    let governing = policies.governing(candidate.namespace.as_str(), &labels);
    if governing.is_none_or(|governing| governing.name != candidate.policy.name) {
        // With the labels, another policy or none would govern the pod in the next review and in the extender.
        let then = governing.map_or_else(|| "no".to_owned(), |governing| format!("another (`{}`)", governing.name));
        patch.warn(&format!("no label {}: with it, {then} policy would govern the pod", keys::JOB));
        return Ok(candidate.labels.clone());
    }
    for (key, value) in wanted {
        patch.set(&["metadata", "labels", key], Value::from(value))?;
    }
    Ok(labels)
}

/// Records the policy and the version of the `StreamJob`, and removes annotations that only a Binding, a takeover or the
/// requeue may write: placement trusts these annotations.
pub(super) fn annotate(patch: &mut PatchBuilder<'_>, candidate: &Candidate<'_>) -> Result<(), Unpatchable> {
    let [metadata, annotations] = ANNOTATIONS;
    let governing = candidate.stream_job.and_then(|job| job.version.as_ref());
    let forged = governing.is_none().then_some(keys::STREAM_JOB);
    let of_sizes = [keys::SIZED_CONTAINERS, keys::RESOURCES];
    let forged_sizes = of_sizes.into_iter().filter(|_| !candidate.was_prepared);
    for key in [keys::PLACEMENT, keys::EPOCH, keys::WAKE].into_iter().chain(forged).chain(forged_sizes) {
        let present = json::get(patch.pod(), &ANNOTATIONS).is_some_and(|annotations| annotations.get(key).is_some());
        if present {
            patch.remove(&[metadata, annotations, key])?;
            patch.warn(&format!("{key}: removed; only outrigger writes it"));
        }
    }
    if let Some(version) = governing {
        patch.set(&[metadata, annotations, keys::STREAM_JOB], Value::from(version.to_string()))?;
    }
    patch.set(&[metadata, annotations, keys::POLICY], Value::from(&*candidate.policy.name))
}

#[cfg(test)]
#[path = "tests/identity.rs"]
mod tests;
