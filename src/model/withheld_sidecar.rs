//! Why a sidecar of the policy is not in a pod: the public codes of the annotation `outrigger.dev/withheld`.

use std::fmt;

macro_rules! withheld_reasons {
    ($(#[doc = $meaning:literal] $name:ident => $remedy:literal,)*) => {
        /// Why a sidecar of the policy is not added to a pod: a code of `docs/injection.md`, in order of precedence.
        ///
        /// Public interface: annotation, `explain`, metrics label.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum WithheldReason {
            $(#[doc = $meaning] $name,)*
        }

        impl WithheldReason {
            /// Every code, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as users read it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What the code says of the pod, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning.trim_ascii(),)*
                }
            }

            /// What to do so that the pod gets the sidecar.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self {
                    $(Self::$name => $remedy,)*
                }
            }
        }
    };
}

withheld_reasons! {
    /// The pod declines injection.
    Declined => "remove outrigger.dev/inject: \"false\" from the pod",
    /// The pod runs on Windows, and sidecars are containers for Linux.
    WindowsPod => "observe the PE from another pod",
    /// The pod uses the network of its node, where the ports of a sidecar are ports of the node.
    HostNetwork => "set outrigger.dev/inject: \"true\" if the ports are free on each node",
    /// A container of the pod has the name of the sidecar.
    ContainerNameTaken => "rename the container, or keep it in place of the sidecar",
    /// The API server accepts the sidecar in no pod.
    RejectedByApiServer => "correct the sidecar in the policy: the log of the webhook has the words of the API server",
    /// The sidecar mounts a volume that the pod does not have.
    VolumeMissing => "add the volume to the pod",
    /// The pod does not meet a demand of the sidecar.
    DemandUnmet => "change the pod or the sidecar: the warning at its creation names the demand",
    /// Another container of the pod listens on a port of the sidecar.
    PortInUse => "use the container in place of the sidecar, or change the port of one",
    /// No requests and limits of the sidecar are allowed by the limit ranges of the namespace.
    LimitRangeViolated => "change the resources of the sidecar in the policy, or the LimitRange",
    /// A quota demands a request or limit that is not known, or would count the pod because of the sidecar.
    QuotaUnsatisfied => "state requests and limits for the sidecar in the policy, and for each container of the pod",
    /// The containers and the sidecar together exceed spec.resources of the pod.
    PodResourcesExceeded => "raise spec.resources of the pod",
}

impl fmt::Display for WithheldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A sidecar of the policy that a pod does not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithheldSidecar {
    /// The name of the sidecar.
    pub sidecar: Box<str>,
    /// Why the pod does not get it.
    pub reason: WithheldReason,
}

/// The largest number of sidecars that the annotation names.
const MOST_NAMED: usize = 16;

impl WithheldSidecar {
    /// The value of the annotation: `otel-collector=PortInUse,relay=VolumeMissing`. At most 16 sidecars are named.
    #[must_use]
    pub fn annotation(withheld: &[Self]) -> String {
        let pairs = withheld.iter().take(MOST_NAMED).map(|Self { sidecar, reason }| format!("{sidecar}={reason}"));
        pairs.collect::<Vec<_>>().join(",")
    }

    /// Reads the value of the annotation. Codes that are unknown here are left out.
    pub fn of_annotation(value: &str) -> impl Iterator<Item = Self> {
        value.split(',').filter_map(|pair| {
            let (sidecar, code) = pair.split_once('=')?;
            let reason = WithheldReason::ALL.iter().find(|known| known.as_str() == code)?;
            Some(Self { sidecar: Box::from(sidecar), reason: *reason })
        })
    }
}

#[cfg(test)]
#[path = "tests/withheld_sidecar.rs"]
mod tests;
