//! What a pod gets: the order of the rules, and the proof of their sum.

use std::sync::Arc;

use json_patch::Patch;
use serde_json::Value;

use super::candidate::Candidate;
use super::outcome::{Outcome, SkipReason};
use super::patch::{PatchBuilder, Unpatchable, prove};
use super::warnings::Warnings;
use super::{
    Context, affinity, conflicts, identity, injection, job_share, json, native, node_name, scheduler, sidecars, sizing,
    tolerations,
};
use crate::model::Namespace;

/// What was decided about a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What became of it.
    pub outcome: Outcome,
    /// What changes; empty where nothing does.
    pub patch: Patch,
    /// What the user is told, each at most 120 characters.
    pub warnings: Vec<String>,
}

impl Decision {
    pub(super) fn skipped(reason: SkipReason, policy: Option<Arc<str>>) -> Self {
        Self { outcome: Outcome::Skipped { reason, policy }, patch: Patch::default(), warnings: Vec::new() }
    }

    pub(super) fn unchanged(policy: &Arc<str>, warnings: Warnings) -> Self {
        let outcome = Outcome::Unchanged { policy: Arc::clone(policy) };
        Self { outcome, patch: Patch::default(), warnings: warnings.into_vec() }
    }

    pub(super) fn denied(policy: &Arc<str>, message: String) -> Self {
        let outcome = Outcome::Denied { policy: Arc::clone(policy), message };
        Self { outcome, patch: Patch::default(), warnings: Vec::new() }
    }

    /// Lets a pod through that would cost too much to look at.
    pub(super) fn too_large() -> Self {
        let mut warnings = Warnings::default();
        warnings.add("outrigger left this pod as it was: it is far larger than a pod can be");
        Self { warnings: warnings.into_vec(), ..Self::skipped(SkipReason::TooLarge, None) }
    }

    /// Lets the pod through as it is: whatever went wrong is ours, not the user's (law 2).
    fn fail_open(policy: &Arc<str>, reason: SkipReason, detail: &str) -> Self {
        let mut warnings = Warnings::default();
        warnings.add(&format!("outrigger could not prepare this pod and left it as it was: {detail}"));
        Self { warnings: warnings.into_vec(), ..Self::skipped(reason, Some(Arc::clone(policy))) }
    }
}

/// Decides what a pod that is about to be created gets.
///
/// The patch is proven: it applies to `pod`, and the pod that comes out of it would get nothing more.
#[must_use]
pub fn decide(pod: &Value, namespace: &Namespace, context: Context<'_>) -> Decision {
    let candidate = match governed(pod, namespace, context) {
        Ok(candidate) => candidate,
        Err(decision) => return decision,
    };
    let policy = &candidate.policy.name;
    let decision = match prepare(pod, &candidate, context) {
        Ok(decision) => decision,
        Err(error) => return Decision::fail_open(policy, SkipReason::PatchWouldNotApply, &error.to_string()),
    };
    if decision.patch.is_empty() {
        return decision;
    }
    proven(decision, pod, policy, |patched| match governed(patched, namespace, context) {
        Ok(again) => again.policy.name == *policy && is_settled(patched, &again, context),
        Err(_) => false,
    })
}

/// The decision, if its patch holds what [`prove`] asks of it.
fn proven(decision: Decision, pod: &Value, policy: &Arc<str>, is_settled: impl FnOnce(&Value) -> bool) -> Decision {
    match prove(pod, &decision.patch, is_settled) {
        Ok(()) => decision,
        Err(reason) => Decision::fail_open(policy, reason, reason.as_str()),
    }
}

/// The PE that a pod is going to be; otherwise the decision, which is to let it through or to deny it.
pub(super) fn governed<'a>(
    pod: &Value,
    namespace: &'a Namespace,
    context: Context<'a>,
) -> Result<Candidate<'a>, Decision> {
    let skipped = |reason, policy: Option<&Arc<str>>| Decision::skipped(reason, policy.cloned());
    let candidate = Candidate::read(pod, namespace, context)
        .map_err(|(reason, policy)| skipped(reason, policy.map(|policy| &policy.name)))?;
    let policy = &candidate.policy.name;
    if json::get(pod, &["metadata", "annotations", "kubernetes.io/config.mirror"]).is_some() {
        return Err(skipped(SkipReason::MirrorPod, Some(policy)));
    }
    if scheduler::is_foreign(pod, candidate.policy) {
        return Err(skipped(SkipReason::ForeignScheduler, Some(policy)));
    }
    match conflicts::denial(&candidate) {
        None => Ok(candidate),
        Some(message) => Err(Decision::denied(policy, message)),
    }
}

fn is_settled(pod: &Value, candidate: &Candidate<'_>, context: Context<'_>) -> bool {
    prepare(pod, candidate, context).is_ok_and(|decision| decision.patch.is_empty())
}

/// Applies every rule to a draft of the pod.
fn prepare(pod: &Value, candidate: &Candidate<'_>, context: Context<'_>) -> Result<Decision, Unpatchable> {
    let policy = candidate.policy;
    let mut warnings = Warnings::default();
    conflicts::warn(candidate, &mut warnings);
    conflicts::warn_of_no_effect(candidate, context.pools, &mut warnings);
    let mut draft = PatchBuilder::new(pod, warnings);
    let withheld = injection::withheld(pod, candidate);
    identity::label(&mut draft, candidate, context)?;
    identity::annotate(&mut draft, candidate)?;
    match withheld {
        None => sidecars::add(&mut draft, candidate)?,
        Some(SkipReason::HostNetwork) => draft.warn(injection::NOT_ON_THE_NODES_NETWORK),
        Some(_) => {}
    }
    job_share::share(&mut draft, candidate)?;
    if withheld != Some(SkipReason::Declined) {
        sizing::size(&mut draft, candidate)?;
    }
    scheduler::assign(&mut draft, policy)?;
    native::strip(&mut draft, candidate)?;
    affinity::require_tags(&mut draft, candidate, context.pools)?;
    node_name::rewrite(&mut draft)?;
    tolerations::shorten(&mut draft, policy.toleration_seconds)?;

    let (patch, warnings) = draft.finish();
    let name = Arc::clone(&policy.name);
    let outcome = match withheld {
        Some(reason) => Outcome::Skipped { reason, policy: Some(name) },
        None if patch.is_empty() => Outcome::Unchanged { policy: name },
        None => Outcome::Injected { policy: name },
    };
    Ok(Decision { outcome, patch, warnings: warnings.into_vec() })
}

#[cfg(test)]
#[path = "tests/decide.rs"]
mod tests;
