//! How a pod is prepared: the order of the rules, and the proof of the patch that they build.

use std::borrow::Cow;
use std::sync::Arc;

use json_patch::PatchOperation;
use serde_json::Value;

use super::candidate::{self, Candidate, Governed};
use super::context::Context;
use super::decision::{Decision, DenialReason};
use super::patch::{PatchBuilder, Unpatchable};
use super::sidecar_outcome::SidecarOutcome;
use super::sidecars::{self, Surroundings};
use super::skip_reason::SkipReason;
use super::{
    affinity, conflicts, identity, injection, job_share, json, large_gang, node_name, open_streams, qos, scheduler,
    sizing, tolerations,
};
use crate::model::{Labels, Namespace, WithheldReason};
use crate::policy::Dialect;

/// Decides how a pod that is about to be created is prepared.
///
/// The patch is proven: its operations apply to `pod`, and the patched pod would get no further operation.
#[must_use]
pub fn decide(pod: &Value, namespace: &Namespace, context: Context<'_>) -> Decision {
    match Governed::select(namespace, candidate::labels(pod), context.policies) {
        None => Decision::skip(SkipReason::NoPolicy, None),
        Some(governed) => prepare(Cow::Borrowed(pod), governed, context),
    }
}

/// Decides how a pod that a policy governs is prepared. An owned pod is patched in place.
pub(super) fn prepare(pod: Cow<'_, Value>, governed: Governed<'_>, context: Context<'_>) -> Decision {
    let governing = governed.policy;
    let policy = &governing.name;
    let Some(candidate) = Candidate::read(&pod, governed, context) else {
        return Decision::no_job(policy, &missing_job(&pod, governing.dialect));
    };
    if let Some(decision) = screen(&pod, &candidate) {
        return decision;
    }
    match apply_rules(pod, &candidate, context) {
        Ok(prepared) => proven(prepared, policy, |prepared| {
            is_settled(prepared.patch.pod(), &candidate, &prepared.selected_labels, context)
        }),
        Err(error) => Decision::fail_open(policy, SkipReason::PatchWouldNotApply, &error.to_string()),
    }
}

/// Why the labels of a pod name no job.
fn missing_job(pod: &Value, dialect: Dialect) -> String {
    match dialect.job_label() {
        Some(key) if json::get(pod, &["metadata", "labels", key]).is_some() => format!("the label {key} is empty"),
        Some(key) => format!("the pod has no label {key}"),
        None => "the pod has neither a label of its application nor an owner".to_owned(),
    }
}

/// The decision to leave a PE unchanged or to deny the PE; `None` if the rules are to be applied.
pub(super) fn screen(pod: &Value, candidate: &Candidate<'_>) -> Option<Decision> {
    let policy = &candidate.policy.name;
    if json::get(pod, &["metadata", "annotations", "kubernetes.io/config.mirror"]).is_some() {
        return Some(Decision::skip(SkipReason::MirrorPod, Some(policy)));
    }
    if scheduler::is_foreign(pod, candidate.policy) {
        return Some(Decision::skip(SkipReason::ForeignScheduler, Some(policy)));
    }
    conflicts::denial(candidate).map(|message| Decision::deny(policy, DenialReason::InvalidPlacement, message))
}

/// A pod to which every rule has been applied.
struct Prepared<'a> {
    patch: PatchBuilder<'a>,
    /// True for a pod that declines sidecars and resources.
    is_declined: bool,
    sidecars: SidecarOutcome,
    /// Labels by which the same policy governs the patched pod.
    selected_labels: Labels,
}

fn apply_rules<'a>(
    pod: Cow<'a, Value>,
    candidate: &Candidate<'_>,
    context: Context<'_>,
) -> Result<Prepared<'a>, Unpatchable> {
    let policy = candidate.policy;
    let constraints = context.constraints.in_namespace(candidate.namespace);
    let surroundings = Surroundings {
        withheld: injection::withheld(&pod, candidate),
        is_guaranteed: qos::pod_is_guaranteed(&pod),
        constraints,
    };
    let is_declined = surroundings.withheld == Some(WithheldReason::Declined);
    let mut patch = PatchBuilder::new(pod);
    conflicts::warn(candidate, patch.warnings());
    conflicts::warn_of_no_effect(candidate, context.pools, patch.warnings());
    large_gang::warn(candidate, patch.warnings());
    let selected_labels = identity::label(&mut patch, candidate, context.policies)?;
    identity::annotate(&mut patch, candidate)?;
    job_share::share(&mut patch, candidate, constraints)?;
    if !is_declined {
        sizing::size(&mut patch, candidate, constraints)?;
    }
    // After the containers of the PE: what they request decides whether a sidecar fits beside them.
    let sidecars = sidecars::add(&mut patch, candidate, &surroundings)?;
    scheduler::assign(&mut patch, policy)?;
    open_streams::remove_terms(&mut patch, candidate)?;
    affinity::require_tags(&mut patch, candidate, context.pools)?;
    node_name::rewrite(&mut patch)?;
    tolerations::shorten(&mut patch, policy.toleration_seconds)?;
    Ok(Prepared { patch, is_declined, sidecars, selected_labels })
}

/// The operations that would prepare what is missing from a pod, or why they do not apply.
pub(super) fn remaining(
    pod: &Value,
    candidate: &Candidate<'_>,
    context: Context<'_>,
) -> Result<Vec<PatchOperation>, String> {
    let prepared = apply_rules(Cow::Borrowed(pod), candidate, context).map_err(|error| error.to_string())?;
    Ok(prepared.patch.finish().0)
}

/// The decision to send the patch, if the patch is empty or the proof holds.
fn proven(prepared: Prepared<'_>, policy: &Arc<str>, proof: impl FnOnce(&Prepared<'_>) -> bool) -> Decision {
    if !prepared.patch.is_empty() && !proof(&prepared) {
        let reason = SkipReason::PatchNotIdempotent;
        return Decision::fail_open(policy, reason, reason.as_str());
    }
    let Prepared { patch, is_declined, sidecars, .. } = prepared;
    let (patch, warnings) = patch.finish();
    Decision::Allow { policy: Arc::clone(policy), is_declined, sidecars, patch, warnings: warnings.into_vec() }
}

/// True if the same policy governs the patched pod and the rules would not change the patched pod.
///
/// The policy is selected again only where a rule has written labels that the policy has not been selected by.
fn is_settled(patched: &Value, candidate: &Candidate<'_>, selected_labels: &Labels, context: Context<'_>) -> bool {
    let (namespace, labels) = (candidate.namespace, candidate::labels(patched));
    let governed = if labels == *selected_labels {
        Some(Governed { policy: candidate.policy, namespace, labels })
    } else {
        Governed::select(namespace, labels, context.policies)
    };
    let governed = governed.filter(|governed| governed.policy.name == candidate.policy.name);
    let Some(again) = governed.and_then(|governed| Candidate::read(patched, governed, context)) else { return false };
    screen(patched, &again).is_none()
        && apply_rules(Cow::Borrowed(patched), &again, context).is_ok_and(|again| again.patch.is_empty())
}

#[cfg(test)]
#[path = "tests/decide.rs"]
mod tests;
