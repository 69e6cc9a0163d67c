//! What is decided about the object of a review.

use std::sync::Arc;

use json_patch::PatchOperation;

use super::sidecar_outcome::SidecarOutcome;
use super::skip_reason::SkipReason;
use super::warnings::Warnings;
use crate::model::{RequestOutcome, WithheldSidecar};

/// What is decided about an object that is about to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The object is allowed unchanged: no policy prepares or checks the object.
    Skip {
        /// Why the object is unchanged.
        reason: SkipReason,
        /// The policy that governs the object, if one does.
        policy: Option<Arc<str>>,
        /// Warnings for the user, each at most 120 characters.
        warnings: Vec<String>,
    },
    /// A policy governs the object, and the object is allowed.
    Allow {
        /// The policy that governs the object.
        policy: Arc<str>,
        /// True for a pod that declines sidecars and resources. The patch may still change the pod's placement.
        is_declined: bool,
        /// The sidecars that the pod gets, and those that are withheld.
        sidecars: SidecarOutcome,
        /// The operations that prepare the pod. The patch is empty if nothing is missing, as at a reinvocation.
        patch: Vec<PatchOperation>,
        /// Warnings for the user, each at most 120 characters.
        warnings: Vec<String>,
    },
    /// The object is denied, because its policy says so.
    Deny {
        /// The policy that governs the object.
        policy: Arc<str>,
        /// Why, as a code.
        reason: DenialReason,
        /// What is wrong and how to correct it: for the user and the log, never for metrics.
        message: String,
    },
}

/// Why an object is denied, as the code in the status of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialReason {
    /// The placement spec contradicts itself.
    InvalidPlacement,
    /// The pod of a strict namespace was not prepared.
    NotPrepared,
}

impl DenialReason {
    /// The code in the status of the response.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidPlacement => "InvalidPlacement",
            Self::NotPrepared => "NotPrepared",
        }
    }
}

impl Decision {
    pub(super) fn skip(reason: SkipReason, policy: Option<&Arc<str>>) -> Self {
        Self::Skip { reason, policy: policy.map(Arc::clone), warnings: Vec::new() }
    }

    /// Leaves a pod unchanged that a policy selects and that names no job.
    pub(super) fn no_job(policy: &Arc<str>, problem: &str) -> Self {
        let mut warnings = Warnings::default();
        warnings.add(&format!("policy `{policy}` selects this pod, which is no PE: {problem}"));
        Self::Skip { reason: SkipReason::NoJob, policy: Some(Arc::clone(policy)), warnings: warnings.into_vec() }
    }

    /// Allows a pod unchanged that would take too much memory to read.
    pub(super) fn too_large() -> Self {
        let mut warnings = Warnings::default();
        warnings.add("outrigger left this pod as it was: it is above 3 MiB, or has too many values to read in 32 MiB");
        Self::Skip { reason: SkipReason::TooLarge, policy: None, warnings: warnings.into_vec() }
    }

    /// Allows a pod unchanged that could not be prepared: a defect of the webhook must not make a pod fail.
    pub(super) fn fail_open(policy: &Arc<str>, reason: SkipReason, detail: &str) -> Self {
        let mut warnings = Warnings::default();
        warnings.add(&format!("outrigger could not prepare this pod and left it as it was: {detail}"));
        Self::Skip { reason, policy: Some(Arc::clone(policy)), warnings: warnings.into_vec() }
    }

    pub(super) fn allow_unchanged(policy: &Arc<str>, warnings: Warnings) -> Self {
        Self::Allow {
            policy: Arc::clone(policy),
            is_declined: false,
            sidecars: SidecarOutcome::default(),
            patch: Vec::new(),
            warnings: warnings.into_vec(),
        }
    }

    pub(super) fn deny(policy: &Arc<str>, reason: DenialReason, message: String) -> Self {
        Self::Deny { policy: Arc::clone(policy), reason, message }
    }

    /// The kind of the decision, as metrics, logs and audit annotations name the kind.
    #[must_use]
    pub fn outcome(&self) -> RequestOutcome {
        match self {
            Self::Skip { .. } | Self::Allow { is_declined: true, .. } => RequestOutcome::Skipped,
            Self::Allow { patch, .. } if patch.is_empty() => RequestOutcome::Unchanged,
            Self::Allow { sidecars, .. } if sidecars.withheld.is_empty() => RequestOutcome::Injected,
            Self::Allow { .. } => RequestOutcome::PartlyInjected,
            Self::Deny { .. } => RequestOutcome::Denied,
        }
    }

    /// Why the pod does not get what a policy injects, if it does not.
    #[must_use]
    pub fn skip_reason(&self) -> Option<SkipReason> {
        match self {
            Self::Skip { reason, .. } => Some(*reason),
            Self::Allow { is_declined, .. } => is_declined.then_some(SkipReason::Declined),
            Self::Deny { .. } => None,
        }
    }

    /// The sidecars of the policy that the pod does not get, and why.
    #[must_use]
    pub fn withheld(&self) -> &[WithheldSidecar] {
        match self {
            Self::Allow { sidecars, .. } => &sidecars.withheld,
            Self::Skip { .. } | Self::Deny { .. } => &[],
        }
    }

    /// The names of the sidecars that the patch adds.
    #[must_use]
    pub fn added(&self) -> &[Box<str>] {
        match self {
            Self::Allow { sidecars, .. } => &sidecars.added,
            Self::Skip { .. } | Self::Deny { .. } => &[],
        }
    }

    /// The policy that governs the object, if one does.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::Skip { policy, .. } => policy.as_deref(),
            Self::Allow { policy, .. } | Self::Deny { policy, .. } => Some(policy),
        }
    }

    /// The operations that change the object; none if the object is unchanged or denied.
    #[must_use]
    pub fn patch(&self) -> &[PatchOperation] {
        match self {
            Self::Allow { patch, .. } => patch,
            Self::Skip { .. } | Self::Deny { .. } => &[],
        }
    }

    /// The warnings for the user.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        match self {
            Self::Skip { warnings, .. } | Self::Allow { warnings, .. } => warnings,
            Self::Deny { .. } => &[],
        }
    }
}
