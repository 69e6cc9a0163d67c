//! What became of a review: the values that metrics and logs are made of.

use std::fmt;
use std::sync::Arc;

use crate::model::RequestOutcome;

/// What was decided. Every text in it but [`Outcome::Denied`]'s message is bounded: codes, and names of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A governed pod gets a patch.
    Injected {
        /// The policy that governs it.
        policy: Arc<str>,
    },
    /// A governed pod that has everything already, as at a reinvocation; or one that passed validation.
    Unchanged {
        /// The policy that governs it.
        policy: Arc<str>,
    },
    /// The pod does not get what a policy would inject. What concerns its placement may still be patched.
    Skipped {
        /// Why.
        reason: SkipReason,
        /// The policy that governs it, if one does.
        policy: Option<Arc<str>>,
    },
    /// The pod is refused, because its policy says so.
    Denied {
        /// The policy that governs it.
        policy: Arc<str>,
        /// What is wrong and what to do: for the user and the log, never for metrics.
        message: String,
    },
}

macro_rules! skip_reasons {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Why a pod does not get what a policy would inject.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SkipReason {
            $($(#[$doc])* $name,)*
        }

        impl SkipReason {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as metrics and logs have it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

skip_reasons! {
    /// Another resource, a subresource, or another operation than CREATE.
    NotAPodCreate,
    /// Another resource, a subresource, another operation than CREATE and UPDATE, or an object that cannot be read.
    NotAStreamJobWrite,
    /// No policy selects the pod, or the pods of the job.
    NoPolicy,
    /// A policy selects it, but by the policy's dialect its labels name no job: no PE.
    NoJob,
    /// A static pod's image in the API: the kubelet must get it back as it is.
    MirrorPod,
    /// The user handed it to another scheduler than the policy's.
    ForeignScheduler,
    /// The user declined sidecars and resources with `outrigger.dev/inject: "false"`. Placement stays ours.
    Declined,
    /// It uses its node's network, where a sidecar's ports would be the node's. All but sidecars is given.
    HostNetwork,
    /// It is far larger than any pod that the API server would store. Nobody looks at it.
    TooLarge,
    /// Our patch does not apply to the object: a defect, or an object that is no pod.
    PatchWouldNotApply,
    /// Our patch would be followed by another one: a defect.
    PatchNotIdempotent,
}

impl SkipReason {
    /// True when something went wrong on our side and the pod was let through as it is.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::PatchWouldNotApply | Self::PatchNotIdempotent)
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Outcome {
    /// The kind of outcome, as metrics and logs have it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        RequestOutcome::from(self).as_str()
    }

    /// Why the pod was skipped, if it was.
    #[must_use]
    pub fn skip_reason(&self) -> Option<SkipReason> {
        match self {
            Self::Skipped { reason, .. } => Some(*reason),
            Self::Injected { .. } | Self::Unchanged { .. } | Self::Denied { .. } => None,
        }
    }

    /// The policy that governs the pod, if one does.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::Injected { policy } | Self::Unchanged { policy } | Self::Denied { policy, .. } => Some(policy),
            Self::Skipped { policy, .. } => policy.as_deref(),
        }
    }
}

impl From<&Outcome> for RequestOutcome {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Injected { .. } => Self::Injected,
            Outcome::Unchanged { .. } => Self::Unchanged,
            Outcome::Skipped { .. } => Self::Skipped,
            Outcome::Denied { .. } => Self::Denied,
        }
    }
}
