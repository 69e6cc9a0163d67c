//! A pod that counts on its node before the watch shows it there.

use crate::model::NodeName;

/// A pod that counts on a node because its Binding was decided.
#[derive(Debug)]
pub(super) struct AssumedPod {
    /// The node that the pod is assumed to be on.
    pub(super) node: NodeName,
    /// The version of the pod that its Binding carries as a precondition.
    pub(super) resource_version: Box<str>,
    /// True where the Binding may have succeeded, or may still succeed.
    pub(super) outcome_unknown: bool,
}
