//! A pod that counts on its node because a PE of its gang or bucket was bound.

use jiff::SignedDuration;

use crate::model::{JobId, NodeName, PodKey};

/// A node that is reserved for a pod.
#[derive(Clone, Debug)]
pub(super) struct ReservedPod {
    /// The node.
    pub(super) node: NodeName,
    /// The time since the start of the process at which a member of the gang or bucket had been bound last. The reservation is
    /// given up some time later. `None` until time passes again.
    pub(super) since: Option<SignedDuration>,
}

/// A reservation that was given up, because its pod was not bound in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiredReservation {
    /// The pod.
    pub pod: PodKey,
    /// The job of the pod.
    pub job: JobId,
    /// The node that was reserved.
    pub node: NodeName,
}
