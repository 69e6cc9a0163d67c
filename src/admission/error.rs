//! What makes a body no review that can be answered.

use serde::Serialize;

use super::text::one_line;

/// Why a body cannot be answered. The API server counts it as a failed call, and its failure policy decides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, cut short, or not of the shape of a review.
    #[error("the body is no AdmissionReview: {0}")]
    Envelope(String),
    /// Another kind of object, or a version that we do not speak.
    #[error("`{api_version}` `{kind}` is not supported; send `admission.k8s.io/v1` `AdmissionReview`")]
    Version {
        /// As received.
        api_version: String,
        /// As received.
        kind: String,
    },
    /// A review without a request.
    #[error("the AdmissionReview has no request")]
    NoRequest,
    /// A request without the UID that the answer must repeat.
    #[error("the request has no uid")]
    NoUid,
    /// The object is no pod that can be read: wrong types, or nested too deeply.
    #[error("request.object is no pod: {0}")]
    Object(String),
}

/// Longest part of somebody else's text in one of our errors.
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

    /// The body of the answer 400.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body {
            error: String,
        }
        // A struct of one string always serializes.
        serde_json::to_vec(&Body { error: self.to_string() }).unwrap_or_default()
    }
}
