//! The answer to a review.

use super::decision::Decision;

/// The answer to a review, with the decision for metrics and logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The body of the response, which is sent with status 200.
    pub body: Vec<u8>,
    /// The decision that the body encodes.
    pub decision: Decision,
    /// The object under review: for logs, never for metrics.
    pub object: ReviewedObject,
    /// Whether the review is the first of an object that may be stored: metrics count objects, not reviews.
    pub occasion: Occasion,
}

/// Which of the reviews of an object this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// The first review of an object that may be stored, or a later one of a pod that no policy has prepared: the pod
    /// does not show that it was reviewed before.
    First,
    /// The pod carries the mark of an earlier review: a reinvocation, or the creation of a copy of a prepared pod.
    Repeated,
    /// A dry run: nothing will be stored.
    DryRun,
}

/// The object under review, as far as it has a name before it is created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewedObject {
    /// The UID of the review, not of the object.
    pub review_uid: String,
    /// The namespace of the request; the object itself may leave the namespace out.
    pub namespace: String,
    /// The name, or the prefix from which the API server generates the name.
    pub name: String,
}
