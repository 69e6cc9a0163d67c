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
