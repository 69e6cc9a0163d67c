//! The check of a pod of a strict namespace, as all mutating webhooks have left the pod.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::candidate::{Candidate, Governed};
use super::context::Context;
use super::decide::{remaining, screen};
use super::decision::{Decision, DenialReason};
use super::skip_reason::SkipReason;
use super::text::one_line;
use super::warnings::Warnings;
use crate::model::keys;

/// What has to stand on every prepared PE, by the path of the operation that would add what is missing. What another
/// webhook may change after this one, such as requests and tolerations, is not checked.
const ESSENTIAL: [(&str, &str); 3] = [
    ("/spec/schedulerName", "spec.schedulerName is not the policy's"),
    ("/spec/initContainers", "a sidecar is missing"),
    ("/metadata/labels", "a label of the PE is missing"),
];

/// Checks a pod that is about to be stored and that a policy governs. The decision has no patch.
///
/// The rules are applied again, so that neither a mark nor anything else that a user writes by hand passes for a pod
/// that was prepared.
pub(super) fn check(pod: &Value, governed: Governed<'_>, context: Context<'_>) -> Decision {
    let policy = &governed.policy.name;
    let Some(candidate) = Candidate::read(pod, governed, context) else {
        return Decision::skip(SkipReason::NoJob, Some(policy));
    };
    if let Some(decision) = screen(pod, &candidate) {
        return decision;
    }
    match missing(pod, &candidate, context) {
        None => Decision::allow_unchanged(policy, Warnings::default()),
        Some(missing) => not_prepared(policy, &missing),
    }
}

/// Denies a PE that lacks something.
pub(super) fn not_prepared(policy: &Arc<str>, missing: &str) -> Decision {
    let message = format!(
        "the namespace is labelled outrigger.dev/enforcement=strict, and this PE is not as policy `{policy}` prepares it: \
         {missing}. Create it again; if it is denied again, another webhook changes it after Outrigger, or the log of \
         Outrigger's webhook names a problem"
    );
    Decision::deny(policy, DenialReason::NotPrepared, one_line(&message, MOST_CHARACTERS))
}

/// The longest message of a denial.
const MOST_CHARACTERS: usize = 1_000;

/// What is missing from a PE that was prepared; `None` if the PE has everything.
fn missing(pod: &Value, candidate: &Candidate<'_>, context: Context<'_>) -> Option<Cow<'static, str>> {
    match candidate.annotations.get(keys::POLICY) {
        None => {
            return Some(
                format!("{} is missing: the webhook was not called, or did not answer in time", keys::POLICY).into(),
            );
        }
        Some(mark) if *mark != *candidate.policy.name => {
            return Some(format!("{} is `{}`", keys::POLICY, one_line(mark, 64)).into());
        }
        Some(_) => {}
    }
    let operations = match remaining(pod, candidate, context) {
        Ok(operations) => operations,
        Err(problem) => return Some(problem.into()),
    };
    let paths = || operations.iter().map(|operation| operation.path().as_str());
    ESSENTIAL
        .into_iter()
        .find(|(path, _)| paths().any(|found| found.starts_with(path)))
        .map(|(_, missing)| missing.into())
}

#[cfg(test)]
#[path = "tests/validate.rs"]
mod tests;
