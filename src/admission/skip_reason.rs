//! Why a pod does not get what a policy injects: the codes that metrics, logs and audit annotations have.
//!
//! Why a pod does not get one of the sidecars is a [`WithheldReason`](crate::model::WithheldReason).

use std::fmt;

macro_rules! skip_reasons {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Why a pod does not get what a policy injects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SkipReason {
            $($(#[$doc])* $name,)*
        }

        impl SkipReason {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code in metrics and logs.
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
    /// The request is for another resource, for a subresource, or for another operation than CREATE.
    NotAPodCreate,
    /// The request is for another resource, for a subresource, or for another operation than CREATE and UPDATE, or the
    /// object cannot be read.
    NotAStreamJobWrite,
    /// No policy selects the pod, or the pods of the job.
    NoPolicy,
    /// A policy selects the pod, but the labels that the policy's dialect reads name no job: the pod is no PE.
    NoJob,
    /// The pod mirrors a static pod. The kubelet deletes a mirror pod that differs from its static pod.
    MirrorPod,
    /// The user chose another scheduler than the policy's.
    ForeignScheduler,
    /// The user declined sidecars and resources with `outrigger.dev/inject: "false"`. The pod is placed by Outrigger.
    Declined,
    /// The object is far larger than any pod that the API server stores, and is not read.
    TooLarge,
    /// An operation does not apply to the object: a defect of the webhook, or an object that is no pod.
    PatchWouldNotApply,
    /// The patched pod would get another patch: a defect of the webhook.
    PatchNotIdempotent,
}

impl SkipReason {
    /// True if the webhook failed and the pod was allowed unchanged.
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
