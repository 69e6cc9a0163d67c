//! Which sidecars of a policy a pod gets.

use crate::model::WithheldSidecar;

/// Which sidecars of its policy a pod gets. A sidecar that the pod had before is in neither list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SidecarOutcome {
    /// The names of the sidecars that the patch adds.
    pub added: Vec<Box<str>>,
    /// The sidecars that the pod does not get, in the order of the policy.
    pub withheld: Vec<WithheldSidecar>,
}
