//! From bytes to a request: borrowed, and no deeper than the answer needs.
//!
//! The object stays raw until a policy governs the pod: most pods of a cluster cost one scan for their labels.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Subject;
use super::error::DecodeError;
use crate::model::Labels;

/// A review that can be answered.
pub(super) struct Request<'a> {
    pub(super) subject: Subject,
    /// The object, where the request is to create a pod.
    pub(super) pod: Option<&'a RawValue>,
    /// The object, and what it takes the place of, where the request is to write a `StreamJob`.
    pub(super) stream_job: Option<(&'a RawValue, Option<&'a RawValue>)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    api_version: Option<String>,
    kind: Option<String>,
    #[serde(borrow)]
    request: Option<ReviewRequest<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewRequest<'a> {
    uid: Option<String>,
    resource: Option<Resource>,
    sub_resource: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    operation: Option<String>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Resource {
    group: Option<String>,
    version: Option<String>,
    #[serde(rename = "resource")]
    plural: Option<String>,
}

impl ReviewRequest<'_> {
    fn creates_a_pod(&self) -> bool {
        self.is_to(&["CREATE"]) && self.is_of("", "pods") && self.is_of_version("v1")
    }

    /// Of whatever version: what cannot be read is let through.
    fn writes_a_stream_job(&self) -> bool {
        self.is_to(&["CREATE", "UPDATE"]) && self.is_of("outrigger.dev", "streamjobs")
    }

    /// True for the object itself, and not a subresource of it.
    fn is_to(&self, operations: &[&str]) -> bool {
        self.sub_resource.as_deref().unwrap_or_default().is_empty()
            && operations.contains(&self.operation.as_deref().unwrap_or_default())
    }

    fn is_of(&self, group: &str, plural: &str) -> bool {
        self.resource.as_ref().is_some_and(|resource| {
            resource.group.as_deref().unwrap_or_default() == group && resource.plural.as_deref() == Some(plural)
        })
    }

    fn is_of_version(&self, version: &str) -> bool {
        self.resource.as_ref().is_some_and(|resource| resource.version.as_deref() == Some(version))
    }
}

/// Reads the envelope.
pub(super) fn review(body: &[u8]) -> Result<Request<'_>, DecodeError> {
    let review: Review<'_> = serde_json::from_slice(body).map_err(|error| DecodeError::envelope(&error))?;
    let (api_version, kind) = (review.api_version.unwrap_or_default(), review.kind.unwrap_or_default());
    if api_version != "admission.k8s.io/v1" || kind != "AdmissionReview" {
        return Err(DecodeError::version(&api_version, &kind));
    }
    let request = review.request.ok_or(DecodeError::NoRequest)?;
    let pod = request.object.filter(|_| request.creates_a_pod());
    let stream_job =
        request.object.filter(|_| request.writes_a_stream_job()).map(|object| (object, request.old_object));
    let uid = request.uid.filter(|uid| !uid.is_empty()).ok_or(DecodeError::NoUid)?;
    let subject =
        Subject { uid, namespace: request.namespace.unwrap_or_default(), name: request.name.unwrap_or_default() };
    Ok(Request { subject, pod, stream_job })
}

/// More than the API server reads of one object, and twice of what it stores.
const LARGEST_OBJECT: usize = 3 << 20;
/// Ten times the values of the largest pods that are seen. A value takes up to 80 times its text in memory.
const MOST_VALUES: usize = 50_000;

/// True where not even the labels are worth the look.
pub(super) fn is_too_large(object: &RawValue) -> bool {
    object.get().len() > LARGEST_OBJECT
}

/// True where reading all of the object would take more memory than any real pod does.
pub(super) fn has_too_many_values(object: &RawValue) -> bool {
    // Each member and element has a comma or a bracket of its own; those within texts only make the count higher.
    let separators = object.get().bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{'));
    separators.count() > MOST_VALUES
}

/// What one cheap look at a pod shows.
pub(super) struct PodMeta {
    pub(super) labels: Labels,
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct PodGlance {
    metadata: Option<MetadataGlance>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetadataGlance {
    name: Option<String>,
    generate_name: Option<String>,
    namespace: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

/// Reads no more of a pod than names and labels.
pub(super) fn glance(object: &RawValue) -> Result<PodMeta, DecodeError> {
    let pod: PodGlance = serde_json::from_str(object.get()).map_err(|error| DecodeError::object(&error))?;
    let metadata = pod.metadata.unwrap_or_default();
    let name = metadata.name.filter(|name| !name.is_empty()).or(metadata.generate_name);
    Ok(PodMeta {
        labels: metadata.labels.iter().flatten().collect(),
        namespace: metadata.namespace.unwrap_or_default(),
        name: name.unwrap_or_default(),
    })
}

impl PodMeta {
    /// Fills in what the request left empty. Where both name a namespace the request's counts.
    pub(super) fn complete(&self, mut subject: Subject) -> Subject {
        if subject.namespace.is_empty() {
            subject.namespace.clone_from(&self.namespace);
        }
        if subject.name.is_empty() {
            subject.name.clone_from(&self.name);
        }
        subject
    }
}

/// Reads all of a pod, whatever fields it has.
pub(super) fn pod(object: &RawValue) -> Result<Value, DecodeError> {
    serde_json::from_str(object.get()).map_err(|error| DecodeError::object(&error))
}

#[cfg(test)]
#[path = "tests/decode.rs"]
mod tests;
