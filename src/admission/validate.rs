//! The check of a pod as all mutating webhooks have left it.

use serde_json::Value;

use super::candidate::{Candidate, Governed};
use super::conflicts;
use super::context::Context;
use super::decide::screen;
use super::decision::Decision;
use super::skip_reason::SkipReason;
use super::warnings::Warnings;
use crate::policy::keys;

/// Checks a pod that is about to be stored and that a policy governs. The decision has no patch.
pub(super) fn check(pod: &Value, governed: Governed<'_>, context: Context<'_>) -> Decision {
    let policy = &governed.policy.name;
    let Some(candidate) = Candidate::read(pod, governed, context) else {
        return Decision::skip(SkipReason::NoJob, Some(policy));
    };
    if let Some(decision) = screen(pod, &candidate) {
        return decision;
    }
    let mut warnings = Warnings::default();
    conflicts::warn(&candidate, &mut warnings);
    // In namespaces labelled strict, a ValidatingAdmissionPolicy in `deploy/` rejects unprepared PEs, also while this
    // webhook does not answer.
    match candidate.annotations.get(keys::POLICY) {
        None => warnings.add(&format!("{} is missing: the pod was not prepared; create it again", keys::POLICY)),
        Some(noted) if *noted != **policy => {
            warnings.add(&format!("{} is not `{policy}`, which governs the pod", keys::POLICY));
        }
        Some(_) => {}
    }
    Decision::allow_unchanged(policy, warnings)
}

#[cfg(test)]
#[path = "tests/validate.rs"]
mod tests;
