//! Why a body is no review that can be answered.

use serde::Serialize;

use super::text::one_line;

/// Why a body cannot be answered. For the API server the call has failed, and `failurePolicy` decides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is not JSON, is truncated, or has not the fields of a review.
    #[error("the body is no AdmissionReview: {0}")]
    Envelope(String),
    /// The body is another kind of object, or another version of a review.
    #[error("`{api_version}` `{kind}` is not supported; send `admission.k8s.io/v1` `AdmissionReview`")]
    Version {
        /// The `apiVersion` of the body.
        api_version: String,
        /// The `kind` of the body.
        kind: String,
    },
    /// The review has no request.
    #[error("the AdmissionReview has no request")]
    NoRequest,
    /// The request has no UID, which the answer must repeat.
    #[error("the request has no uid")]
    NoUid,
    /// The object cannot be read as a pod: a field has a wrong type, or the object is nested too deeply.
    #[error("request.object is no pod: {0}")]
    Object(String),
}

/// The longest text of the caller that an error quotes.
const MOST_CHARACTERS: usize = 200;

impl DecodeError {
    pub(super) fn envelope(error: &serde_json::Error) -> Self {
        Self::Envelope(one_line(&error.to_string(), MOST_CHARACTERS))
    }

    pub(super) fn object(error: &serde_json::Error) -> Self {
        Self::Object(one_line(&error.to_string(), MOST_CHARACTERS))
    }

    pub(super) fn version(api_version: &str, kind: &str) -> Self {
        Self::Version { api_version: one_line(api_version, MOST_CHARACTERS), kind: one_line(kind, MOST_CHARACTERS) }
    }

    /// The body of the response with status 400.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body {
            error: String,
        }
        // A struct with one string always serializes.
        serde_json::to_vec(&Body { error: self.to_string() }).unwrap_or_default()
    }
}
