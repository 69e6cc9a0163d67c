//! Why the API server rejects a pod.

/// Why the API server rejects a pod.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Rejection {
    /// The field of the pod, such as `spec.containers[0].resources.requests.cpu`. A member with a dot stands in brackets.
    pub field: String,
    /// What is wrong and how to correct it.
    pub problem: String,
}

impl Rejection {
    pub(super) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}
