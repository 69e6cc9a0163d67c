//! The second look, at the object as all webhooks have left it.

use serde_json::Value;

use super::decide::{Decision, governed};
use super::warnings::Warnings;
use super::{Context, conflicts};
use crate::model::{Namespace, keys};

/// Checks a pod that is about to be stored. It never patches.
#[must_use]
pub fn check(pod: &Value, namespace: &Namespace, context: Context<'_>) -> Decision {
    let candidate = match governed(pod, namespace, context) {
        Ok(candidate) => candidate,
        Err(decision) => return decision,
    };
    let mut warnings = Warnings::default();
    conflicts::warn(&candidate, &mut warnings);
    // The strict guard, which holds while we are down too, is a ValidatingAdmissionPolicy in `deploy/`.
    match candidate.annotations.get(keys::POLICY) {
        None => warnings.add(&format!("{} is missing: the pod was not prepared; create it again", keys::POLICY)),
        Some(noted) if *noted != *candidate.policy.name => {
            warnings.add(&format!("{} is not `{}`, which governs the pod", keys::POLICY, candidate.policy.name));
        }
        Some(_) => {}
    }
    Decision::unchanged(&candidate.policy.name, warnings)
}

#[cfg(test)]
#[path = "tests/validate.rs"]
mod tests;
