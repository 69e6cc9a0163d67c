//! How a request was answered: the values of the metric labels `outcome` and `result`.

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// How a request of kube-scheduler, an autoscaler or the API server was answered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RequestOutcome {
            $($(#[$doc])* $name,)*
        }

        impl RequestOutcome {
            /// Every outcome.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The label in metrics.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)*
                }
            }
        }
    };
}

outcomes! {
    /// filter: at least one node passed.
    Passed = "passed",
    /// filter: every node was rejected. preempt: nodes are left out. bind: a rule no longer held.
    Refused = "refused",
    /// prioritize: the nodes have scores.
    Scored = "scored",
    /// preempt: every proposed node is kept. admission: the pod needs no patch.
    Unchanged = "unchanged",
    /// bind: the pod has its node.
    Bound = "bound",
    /// bind: the pod had changed meanwhile.
    Conflict = "conflict",
    /// No policy governs the pod.
    NotOurs = "not_ours",
    /// The request could not be answered now; the caller tries again.
    Error = "error",
    /// The request could not be read.
    BadRequest = "bad_request",
    /// admission: the pod was patched.
    Injected = "injected",
    /// admission: the pod was patched, and a sidecar of the policy is withheld.
    PartlyInjected = "partly_injected",
    /// admission: the pod passed without what a policy would inject.
    Skipped = "skipped",
    /// admission: the pod was denied.
    Denied = "denied",
}
